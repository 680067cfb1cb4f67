"""The unit's functions are in captioning.py."""
