"""Data that every install already has: nothing here opens a network connection."""

from coursekit.data.digits import load_row_digits

__all__ = ["load_row_digits"]
