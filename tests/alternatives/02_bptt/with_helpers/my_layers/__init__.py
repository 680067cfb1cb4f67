"""Layers of my own."""
