"""Right gradients of unusual making: differences of forward passes, and backward passes that are slow.

Each is Python that is put under a unit's reference module and takes the place of its backward functions.
"""

from __future__ import annotations

#: (forward, backward) of each unit's exercises, and how many results the forward returns before its cache.
PAIRS = {
    "02_bptt": [
        ("rnn_step_forward", "rnn_step_backward", 1),
        ("rnn_forward", "rnn_backward", 1),
        ("temporal_affine_forward", "temporal_affine_backward", 1),
    ],
    "03_char_lm": [("word_embedding_forward", "word_embedding_backward", 1)],
    "04_lstm_gru": [
        ("lstm_step_forward", "lstm_step_backward", 2),
        ("lstm_forward", "lstm_backward", 1),
        ("gru_step_forward", "gru_step_backward", 1),
        ("gru_forward", "gru_backward", 1),
        ("coupled_step_forward", "coupled_step_backward", 2),
    ],
}

#: Ways to get the gradients of `loss(inputs)` with respect to those of the inputs (a list of arrays) that are floats,
#: without a derivative.
DIFFERENCES = {
    "central": """
def gradients(loss, inputs, h=1e-5):
    found = []
    for k, x in enumerate(inputs):
        x = inputs[k] = np.array(x)
        grad = np.zeros(x.shape)
        for place in np.ndindex(*x.shape):
            x[place] += h
            above = loss(inputs)
            x[place] -= 2 * h
            grad[place] = (above - loss(inputs)) / (2 * h)
            x[place] += h
        found.append(grad)
    return found
""",
    "one_sided": """
def gradients(loss, inputs, h=1e-7):
    found, here = [], loss(inputs)
    for k, x in enumerate(inputs):
        x = inputs[k] = np.array(x)
        grad = np.zeros(x.shape)
        for place in np.ndindex(*x.shape):
            old = x[place]
            x[place] = old + h
            grad[place] = (loss(inputs) - here) / h
            x[place] = old
        found.append(grad)
    return found
""",
    "five_points": """
def gradients(loss, inputs, h=1e-3):
    found = []
    for k, x in enumerate(inputs):
        flat, grad = np.array(x).ravel(), []
        for i in range(flat.size):
            def at(step):
                moved = flat.copy()
                moved[i] += step * h
                return loss(inputs[:k] + [moved.reshape(x.shape)] + inputs[k + 1:])
            grad.append((at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h))
        found.append(np.reshape(grad, x.shape))
    return found
""",
    "complex_step": """
def gradients(loss, inputs, h=1e-30):
    found = []
    for k, x in enumerate(inputs):
        grad, moved = np.zeros(x.shape), x.astype(complex)
        for place in np.ndindex(*x.shape):
            moved[place] += 1j * h
            grad[place] = loss(inputs[:k] + [moved] + inputs[k + 1:]).imag / h
            moved[place] = x[place]
        found.append(grad)
    return found
""",
    "library": """
from scipy.optimize import approx_fprime

def gradients(loss, inputs):
    return [
        approx_fprime(x.ravel(), lambda v: loss(inputs[:k] + [v.reshape(x.shape)] + inputs[k + 1:])).reshape(x.shape)
        for k, x in enumerate(inputs)
    ]
""",
    "np_gradient": """
def gradients(loss, inputs, h=1e-5):
    found = []
    for k, x in enumerate(inputs):
        grad = np.zeros(x.shape)
        for place in np.ndindex(*x.shape):
            line = []
            for step in (-h, 0, h):
                moved = x.copy()
                moved[place] += step
                line.append(loss(inputs[:k] + [moved] + inputs[k + 1:]))
            grad[place] = np.gradient(line, h)[1]
        found.append(grad)
    return found
""",
    "random_directions": """
def gradients(loss, inputs, h=1e-6):
    sizes = [x.size for x in inputs]
    total, cuts = sum(sizes), np.cumsum(sizes)[:-1]
    point = np.concatenate([x.ravel() for x in inputs])
    def at(vector):
        return loss([piece.reshape(x.shape) for piece, x in zip(np.split(vector, cuts), inputs)])
    directions = np.linalg.qr(np.random.default_rng(1).normal(size=(total, total)))[0]
    slopes = [(at(point + h * d) - at(point - h * d)) / (2 * h) for d in directions]
    return [piece.reshape(x.shape) for piece, x in zip(np.split(directions.T @ slopes, cuts), inputs)]
""",
    "richardson": """
def gradients(loss, inputs):
    found = []
    for k, x in enumerate(inputs):
        grad = np.zeros(x.size)
        for i in range(x.size):
            def slope(h):
                moved = x.copy()
                moved.flat[i] += h
                above = loss(inputs[:k] + [moved] + inputs[k + 1:])
                moved.flat[i] -= 2 * h
                return (above - loss(inputs[:k] + [moved] + inputs[k + 1:])) / (2 * h)
            grad[i] = (4 * slope(5e-4) - slope(1e-3)) / 3
        found.append(grad.reshape(x.shape))
    return found
""",
}

#: What every way above is used with: backward functions that differentiate a forward pass.
BY_DIFFERENCES = """
def differentiated(forward, results):
    def kept(*inputs):
        return *forward(*inputs)[:results], inputs
    def backward(*given):
        *upstream, cache = given
        inputs = [np.array(value) for value in cache]
        floats = [k for k, value in enumerate(inputs) if value.dtype.kind == "f"]
        def loss(values):
            every = list(inputs)
            for k, value in zip(floats, values):
                every[k] = value
            found = forward(*every)[:results]
            return sum((u * f).sum() for u, f in zip(upstream, found))
        found = gradients(loss, [inputs[k] for k in floats])
        return tuple(found) if len(found) > 1 else found[0]
    return kept, backward
"""


def by_differences(unit_id: str, way: str) -> str:
    """Python that replaces a unit's pairs by forwards that keep their inputs and differences of them."""
    lines = [DIFFERENCES[way], BY_DIFFERENCES]
    lines += [f"{f}, {b} = differentiated({f}, {results})" for f, b, results in PAIRS[unit_id]]
    return "\n".join(lines)


#: Differences of other kinds: unit 2's step, and what is built on it.
OTHER_DIFFERENCES = {
    "stacked": """
def rnn_step_backward(dnext_h, cache):
    inputs, found = [np.array(v) for v in cache[:5]], []
    for k, value in enumerate(inputs):
        grad = np.zeros(value.size)
        for first in range(0, value.size, 200):
            count = min(200, value.size - first)
            rows = np.repeat(value[None], count, axis=0)
            rows.reshape(count, -1)[np.arange(count), first + np.arange(count)] += 1e-6
            every = [v[None] for v in inputs]
            every[k] = rows
            x, h, Wx, Wh, b = every
            moved = np.tanh(x @ Wx + h @ Wh + b[:, None, :])
            here = np.tanh(inputs[0] @ inputs[2] + inputs[1] @ inputs[3] + inputs[4])
            grad[first : first + count] = ((moved - here) * dnext_h).sum(axis=(1, 2)) / 1e-6
        found.append(grad.reshape(value.shape))
    return tuple(found)

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), (x, prev_h, Wx, Wh, b)
""",
    "kept_by_the_forward": """
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    inputs = [np.array(v) for v in (x, prev_h, Wx, Wh, b)]
    here, jacobians = np.tanh(x @ Wx + prev_h @ Wh + b), []
    for value in inputs:
        columns = []
        for place in np.ndindex(*value.shape):
            value[place] += 1e-6
            a, h, U, W, c = inputs
            columns.append((np.tanh(a @ U + h @ W + c) - here) / 1e-6)
            value[place] -= 1e-6
        jacobians.append(np.reshape(columns, (*value.shape, *here.shape)))
    return here, jacobians

def rnn_step_backward(dnext_h, cache):
    return tuple((jacobian * dnext_h).sum(axis=(-1, -2)) for jacobian in cache)
""",
    "dual_numbers": """
class Dual:
    def __init__(self, value, slope):
        self.value, self.slope = value, slope
    def __matmul__(self, other):
        return Dual(self.value @ other.value, self.slope @ other.value + self.value @ other.slope)
    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)
    def tanh(self):
        value = np.tanh(self.value)
        return Dual(value, self.slope * (1 - value**2))

def rnn_step_backward(dnext_h, cache):
    plain, found = [np.array(v, dtype=float) for v in cache], []
    duals = [Dual(v, np.zeros_like(v)) for v in plain]
    for dual in duals:
        grad = np.zeros(dual.value.shape)
        for place in np.ndindex(*grad.shape):
            dual.slope[place] = 1.0
            x, h, Wx, Wh, b = duals
            grad[place] = ((x @ Wx + h @ Wh + b).tanh().slope * dnext_h).sum()
            dual.slope[place] = 0.0
        found.append(grad)
    return tuple(found)

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), (x, prev_h, Wx, Wh, b)
""",
    "weights_only": """
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), [x, prev_h, Wx, Wh, b]

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b = cache
    da = dnext_h * (1 - np.tanh(x @ Wx + prev_h @ Wh + b) ** 2)
    found = []
    for k in (2, 3, 4):
        value = cache[k] = np.array(cache[k])
        grad, here = np.zeros(value.shape), (rnn_step_forward(*cache)[0] * dnext_h).sum()
        for place in np.ndindex(*value.shape):
            value[place] += 1e-7
            grad[place] = ((rnn_step_forward(*cache)[0] * dnext_h).sum() - here) / 1e-7
            value[place] -= 1e-7
        found.append(grad)
    return da @ Wx.T, da @ Wh.T, *found
""",
    "inputs_only": """
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), [x, prev_h, Wx, Wh, b]

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b = cache
    da = dnext_h * (1 - np.tanh(x @ Wx + prev_h @ Wh + b) ** 2)
    x = np.array(x)
    dx, here = np.zeros(x.shape), (rnn_step_forward(x, prev_h, Wx, Wh, b)[0] * dnext_h).sum()
    for place in np.ndindex(*x.shape):
        x[place] += 1e-7
        dx[place] = ((rnn_step_forward(x, prev_h, Wx, Wh, b)[0] * dnext_h).sum() - here) / 1e-7
        x[place] -= 1e-7
    return dx, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)
""",
    "columns_at_once": """
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), [x, prev_h, Wx, Wh, b]

def rnn_step_backward(dnext_h, cache):
    here, found = rnn_step_forward(*cache)[0], []
    for k, axis in ((0, 1), (1, 1), (2, 0), (3, 0)):  # a column of x moves each sample, a row of Wx each unit
        cache[k] = value = np.array(cache[k])
        rows, grad = np.moveaxis(value, axis, 0), np.zeros(value.shape)
        for i in range(len(rows)):
            rows[i] += 1e-7
            moved = (rnn_step_forward(*cache)[0] - here) * dnext_h / 1e-7
            np.moveaxis(grad, axis, 0)[i] = moved.sum(axis=axis)
            rows[i] -= 1e-7
        found.append(grad)
    x, prev_h, Wx, Wh, b = cache
    moved = (rnn_step_forward(x, prev_h, Wx, Wh, b + 1e-7)[0] - here) * dnext_h / 1e-7
    return *found, moved.sum(axis=0)
""",
}

#: Backward passes of one step that are right and slow, each in its own way; of unit 2.
SLOW = {
    "entry_by_entry": """
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    (N, D), H = x.shape, prev_h.shape[1]
    dx, dprev_h, dWx, dWh = (np.zeros(v.shape) for v in (x, prev_h, Wx, Wh))
    db = np.zeros(H)
    for n in range(N):
        for j in range(H):
            da = dnext_h[n, j] * (1 - next_h[n, j] ** 2)
            db[j] += da
            for d in range(D):
                dx[n, d] += da * Wx[d, j]
                dWx[d, j] += da * x[n, d]
            for k in range(H):
                dprev_h[n, k] += da * Wh[k, j]
                dWh[k, j] += da * prev_h[n, k]
    return dx, dprev_h, dWx, dWh, db
""",
    "a_sum_per_entry": """
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    def product(A, B):
        out = np.zeros((len(A), B.shape[1]))
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] = np.sum(A[i, :] * B[:, j])
        return out
    return product(da, Wx.T), product(da, Wh.T), product(x.T, da), product(prev_h.T, da), np.sum(da, axis=0)
""",
    "einsum": """
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    eye = np.eye(prev_h.shape[1])
    slope = np.einsum("nh,hk->nhk", 1 - next_h**2, eye)
    da = np.einsum("nh,nhk->nk", dnext_h, slope)
    return (
        np.einsum("nh,dh->nd", da, Wx),
        np.einsum("nh,kh->nk", da, Wh),
        np.einsum("nd,nh->dh", x, da),
        np.einsum("nk,nh->kh", prev_h, da),
        np.einsum("nh->h", da),
    )
""",
    "a_jacobian_per_sample": """
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dx, dprev_h, dWx, dWh, db = [], [], 0, 0, 0
    for n in range(len(x)):
        jacobian = np.diag(1 - next_h[n] ** 2)
        dx.append(dnext_h[n] @ (jacobian @ Wx.T))
        dprev_h.append(dnext_h[n] @ (jacobian @ Wh.T))
        H = prev_h.shape[1]
        by_weight = np.einsum("d,hk->dkh", x[n], jacobian)  # (D, H, H)
        dWx = dWx + np.einsum("dkh,h->dk", by_weight, dnext_h[n])
        dWh = dWh + np.kron(prev_h[n], jacobian @ dnext_h[n]).reshape(H, H)
        db = db + jacobian @ dnext_h[n]
    return np.array(dx), np.array(dprev_h), dWx, dWh, db
""",
    "a_jacobian_per_row": """
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = np.array([np.diag(1 - row**2) @ up for row, up in zip(next_h, dnext_h)])
    dx = np.array([[Wx[d] @ row for d in range(len(Wx))] for row in da])
    dprev_h = np.array([[Wh[d] @ row for d in range(len(Wh))] for row in da])
    dWx = np.array([[x[:, d] @ da[:, h] for h in range(da.shape[1])] for d in range(len(Wx))])
    dWh = np.array([[prev_h[:, d] @ da[:, h] for h in range(da.shape[1])] for d in range(len(Wh))])
    return dx, dprev_h, dWx, dWh, da.sum(axis=0)
""",
    "recomputed": """
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), (x, prev_h, Wx, Wh, b)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b = cache
    def da():
        return dnext_h * (1 - rnn_step_forward(*cache)[0] ** 2)
    return da() @ Wx.T, da() @ Wh.T, x.T @ da(), prev_h.T @ da(), da().sum(axis=0)
""",
    "vectorized_functions": """
import math

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = np.vectorize(lambda up, h: up * (1 - h * h))(dnext_h, next_h)
    times = np.vectorize(lambda p, q: p * q)
    def product(A, B):
        return times(A[:, :, None], B[None]).sum(axis=1)
    return product(da, Wx.T), product(da, Wh.T), product(x.T, da), product(prev_h.T, da), da.sum(axis=0)
""",
    "single_precision": """
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = (np.asarray(v, dtype=np.float32) for v in cache)
    da = dnext_h.astype(np.float32) * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)
""",
    "copies_everywhere": """
from copy import deepcopy

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = deepcopy(cache)
    dx, dprev_h, dWx = np.zeros_like(x), np.zeros_like(prev_h), np.zeros_like(Wx)
    dWh, db = np.zeros_like(Wh), np.zeros(len(Wh))
    for n in range(len(x)):
        for h in range(len(Wh)):
            slope = dnext_h.copy()[n, h] * (1 - next_h.copy()[n, h] ** 2)
            more = np.zeros_like(dx)
            more[n] = slope * Wx.copy()[:, h]
            dx = dx.copy() + more
            more = np.zeros_like(dprev_h)
            more[n] = slope * Wh.copy()[:, h]
            dprev_h = dprev_h.copy() + more
            more = np.zeros_like(dWx)
            more[:, h] = slope * x.copy()[n]
            dWx = dWx.copy() + more
            more = np.zeros_like(dWh)
            more[:, h] = slope * prev_h.copy()[n]
            dWh = dWh.copy() + more
            db[h] += slope
    return dx, dprev_h, dWx, dWh, db
""",
    "lists": """
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = (v.tolist() for v in cache)
    da = [[u * (1 - h * h) for u, h in zip(*rows)] for rows in zip(dnext_h.tolist(), next_h)]
    def product(A, B):
        return [[sum(a * b for a, b in zip(row, column)) for column in zip(*B)] for row in A]
    def turned(A):
        return [list(column) for column in zip(*A)]
    db = [sum(column) for column in zip(*da)]
    return product(da, turned(Wx)), product(da, turned(Wh)), product(turned(x), da), product(turned(prev_h), da), db
""",
    "bptt_from_every_step": """
def rnn_backward(dh, cache):
    # O(T^2): each loss is carried back to the start by itself.
    N, T, H = dh.shape
    dx, dh0, dWx, dWh, db = [0] * T, 0, 0, 0, 0
    for last in range(T):
        carried = dh[:, last]
        for t in range(last, -1, -1):
            dx_t, carried, dWx_t, dWh_t, db_t = rnn_step_backward(carried, cache[t])
            dx[t], dWx, dWh, db = dx[t] + dx_t, dWx + dWx_t, dWh + dWh_t, db + db_t
        dh0 = dh0 + carried
    return np.stack(dx, axis=1), dh0, dWx, dWh, db
""",
    "a_layer_in_loops": """
def temporal_affine_backward(dout, cache):
    x, w = cache
    (N, T, D), M = x.shape, dout.shape[2]
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(M)
    for n in range(N):
        for t in range(T):
            for m in range(M):
                db[m] += dout[n, t, m]
                for d in range(D):
                    dx[n, t, d] += dout[n, t, m] * w[d, m]
                    dw[d, m] += x[n, t, d] * dout[n, t, m]
    return dx, dw, db
""",
    "a_softmax_jacobian_per_row": """
def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    loss, dx = 0.0, np.zeros_like(x)
    for n in range(N):
        for t in range(T):
            if not mask[n, t]:
                continue
            e = [np.exp(s - max(x[n, t])) for s in x[n, t]]
            p = [v / sum(e) for v in e]
            loss -= x[n, t, y[n, t]] - max(x[n, t]) - np.log(sum(e))
            for i in range(V):
                for j in range(V):
                    jacobian = p[i] * (1 - p[i]) if i == j else -p[i] * p[j]
                    if j == y[n, t]:
                        dx[n, t, i] -= jacobian / p[j] / N
    return loss / N, dx
""",
}
