"""Split over a package, with one class per cell and one for the model's ways in."""

from .cells import GRU, LSTM, RNN
from .decoder import CaptioningRNN, caption_scores, next_scores, start_state
from .eye import image_features
from .learning import caption_loss, training_step
from .search import beam_search, greedy
from .words import END, PAD, START, UNKNOWN

__all__ = [
    "END", "PAD", "START", "UNKNOWN", "CaptioningRNN", "beam_search", "caption_loss", "caption_scores", "greedy",
    "gru_step", "image_features", "lstm_step", "next_scores", "rnn_step", "start_state", "training_step",
]  # fmt: skip

rnn_step, lstm_step, gru_step = RNN.step, LSTM.step, GRU.step
