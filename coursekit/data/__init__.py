"""Data that every install already has: nothing here opens a network connection."""

from coursekit.data.corpora import load_corpus
from coursekit.data.digits import load_row_digits

__all__ = ["load_corpus", "load_row_digits"]
