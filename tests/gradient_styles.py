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
