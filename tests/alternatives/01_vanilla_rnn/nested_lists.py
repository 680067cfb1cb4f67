"""Plain Python: loops over numbers, lists of lists returned, prints and a warning on the way."""

import math
import warnings

print("loading my module")


def dot(row, matrix, column):
    return sum(float(row[i]) * float(matrix[i][column]) for i in range(len(row)))


def rnn_cell(x, prev_h, Wx, Wh, b):
    print("one step", len(x))
    out = []
    for n in range(len(x)):
        out.append([math.tanh(dot(x[n], Wx, j) + dot(prev_h[n], Wh, j) + float(b[j])) for j in range(len(b))])
    return out


def stacked_cell(x, prev_h, W, b):
    out = []
    for n in range(len(x)):
        row = list(prev_h[n]) + list(x[n])
        out.append(tuple(math.tanh(dot(row, W, j) + b[j]) for j in range(len(b))))
    return tuple(out)


def readout(h, Why, by):
    warnings.warn("my readout is slow", stacklevel=2)
    if hasattr(h[0][0], "__len__"):
        return [readout(sequence, Why, by) for sequence in h]
    return [[dot(row, Why, c) + float(by[c]) for c in range(len(by))] for row in h]


def unroll(x, h0, Wx, Wh, b):
    N = len(x)
    result = [[] for _ in range(N)]
    state = h0
    for t in range(len(x[0])):
        state = rnn_cell([x[n][t] for n in range(N)], state, Wx, Wh, b)
        for n in range(N):
            result[n].append(state[n])
    return result


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    return readout([sequence[-1] for sequence in unroll(x, h0, Wx, Wh, b)], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    said = [[] for _ in x0]
    state, heard = h0, x0
    while len(said[0]) < T:
        state = rnn_cell(heard, state, Wx, Wh, b)
        heard = readout(state, Why, by)
        for mine, new in zip(said, heard, strict=True):
            mine.append(new)
    return said


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    Wx, Wh, b = encoder
    last = [sequence[-1] for sequence in unroll(x, h0, Wx, Wh, b)]
    Ux, Uh, c, Why, by = decoder
    return one_to_many(start, last, Ux, Uh, c, Why, by, T)


def multilayer(x, h0, layers):
    if not layers:
        return x
    return multilayer(unroll(x, h0[0], *layers[0]), h0[1:], layers[1:])


def rows_as_steps(images):
    return tuple([[float(number) for number in image[t]] for image in images] for t in range(len(images[0])))


def count_parameters(D, H, C, T):
    count = 0
    for _unit in range(H):
        for _weight in range(D + H):
            count += 1
        count += 1
    for _output in range(C):
        count += H + 1
    return count


def parity_weights():
    # Unit 0: a one after even. Unit 1: a zero after odd. Unit 2: always on, but 0 before the first
    # step, so that nothing at all counts as even.
    k = 30
    Wx = [[k, -k, 0]]
    Wh = [[-k / 2, k / 2, 0], [-k / 2, k / 2, 0], [-k, k, 0]]
    b = [-k / 2, -k / 2, k]
    return [Wx, Wh, b, [[0.5], [0.5], [1]], [0]]


if __name__ == "__main__":
    raise SystemExit("this part is not for grading")
