"""A submission that is a package."""

from .vanilla_rnn import rnn_cell

__all__ = ["rnn_cell"]
