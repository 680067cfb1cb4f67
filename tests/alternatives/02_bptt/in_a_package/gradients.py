"""Gradient checking, and norms."""

import numpy

__all__ = ["numerical_gradient", "relative_error", "gradient_norms", "numpy"]


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = numpy.zeros_like(x)
    entries, slopes = x.ravel(order="K"), grad.ravel(order="K")
    assert numpy.shares_memory(entries, x)
    for k in range(entries.size):
        saved = float(entries[k])
        entries[k] = saved + h
        up = numpy.array(f(x))
        entries[k] = saved - h
        down = numpy.array(f(x))
        entries[k] = saved
        slopes[k] = (up - down) / (2 * h) if df is None else numpy.tensordot(df, up - down, df.ndim) / (2 * h)
    return grad


def relative_error(a, b):
    return numpy.amax(abs(a - b) / numpy.fmax(abs(a) + abs(b), 1e-8))


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = numpy.ones((N, T))
    for n in range(N):
        J = numpy.eye(H)
        for t in range(T - 2, -1, -1):
            J = Wh @ numpy.diag(1 - h[n, t + 1] ** 2) @ J
            norms[n, t] = numpy.linalg.matrix_norm(J, ord=2)
    return norms
