from .output import *  # noqa: F403
