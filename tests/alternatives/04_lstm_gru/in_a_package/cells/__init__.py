from . import gru, lstm  # noqa: F401
