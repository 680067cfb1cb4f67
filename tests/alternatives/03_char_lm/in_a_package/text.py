"""Text and numbers."""

import numpy as np


def build_vocab(text):
    return [chr(code) for code in np.unique([ord(character) for character in text])]


def encode(text, vocab):
    codes = np.array([ord(character) for character in vocab])
    return np.argmax(np.array([ord(character) for character in text])[:, None] == codes, axis=1)


def decode(ids, vocab):
    return "{}".format("".join(vocab[int(i)] for i in np.nditer(ids)))


def one_hot(ids, V):
    ids = np.asarray(ids)
    vectors = np.zeros((ids.size, V), dtype=int)
    vectors[range(ids.size), ids.ravel()] = 1
    return vectors.reshape(*ids.shape, V)


def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    K = L // T

    def cut(begin):
        return text[begin : begin + N * L].reshape(N, L)[:, : K * T].reshape(N, K, T).swapaxes(0, 1)

    return list(zip(cut(0), cut(1), strict=False))
