"""The judge's own gradients and formulas agree with another library's: torch, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from grading_helpers import sample_draws

from autograder.checking import Case
from autograder.checks import test_01_vanilla_rnn as first
from autograder.checks import test_02_bptt as second
from autograder.checks import test_03_char_lm as third
from autograder.checks import test_04_lstm_gru as fourth
from autograder.draws import visible_draw
from autograder.gradcheck import MOST_RESULTS, RTOL, compare, complex_step

DRAWS = [visible_draw(), *sample_draws(3)]
EXACT = {"rtol": 1e-10, "atol": 1e-12}


def tensors(*arrays: Any) -> list[torch.Tensor]:
    return [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]


def torch_rnn(x: torch.Tensor, h0: torch.Tensor, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """torch's own recurrent layer, which wants its weights the other way round."""
    layer = torch.nn.RNN(x.shape[2], h0.shape[1], batch_first=True).double()
    weights = {"weight_ih_l0": Wx.T, "weight_hh_l0": Wh.T, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}
    h, _ = torch.func.functional_call(layer, weights, (x, h0[None]))
    return h


def gradients(out: torch.Tensor, upstream: Any, inputs: list[torch.Tensor]) -> list[np.ndarray]:
    found = torch.autograd.grad(torch.sum(torch.tensor(upstream) * out), inputs)
    return [g.numpy() for g in found]


def agree(ours: Any, theirs: Any) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, **EXACT)


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_one_step(draw: Any) -> None:
    """The step and its five gradients are torch's."""
    for case in second.step_cases(draw):
        inputs = tensors(*second.step_arguments(case))
        x, h, Wx, Wh, b = inputs
        out = torch.tanh(x @ Wx + h @ Wh + b)
        np.testing.assert_allclose(second.step(*second.step_arguments(case)), out.detach(), **EXACT)
        agree(second.step_gradients(case.dnext_h, *second.step_arguments(case)), gradients(out, case.dnext_h, inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_whole_sequences(draw: Any) -> None:
    """The unrolled network and its five gradients are those of torch.nn.RNN."""
    for case in second.sequence_cases(draw):
        arguments = second.sequence_arguments(case)
        inputs = tensors(*arguments)
        out = torch_rnn(*inputs)
        np.testing.assert_allclose(second.unrolled(*arguments), out.detach(), **EXACT)
        np.testing.assert_allclose(first.states(*arguments), out.detach(), **EXACT)
        agree(second.sequence_gradients(case.dh, *arguments), gradients(out, case.dh, inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_affine(draw: Any) -> None:
    """The affine map over time and its three gradients are torch's."""
    for case in second.affine_cases(draw):
        arguments = (case.x, case.w, case.b)
        inputs = tensors(*arguments)
        out = inputs[0] @ inputs[1] + inputs[2]
        np.testing.assert_allclose(second.affine(*arguments), out.detach(), **EXACT)
        agree(complex_step(second.affine, arguments, case.dout, batched=True), gradients(out, case.dout, inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_softmax_loss(draw: Any) -> None:
    """The loss and its gradient are those of torch's cross-entropy, summed over unmasked steps, over N."""
    for case in second.loss_cases(draw):
        (x,) = tensors(case.x)
        each = torch.nn.functional.cross_entropy(x.flatten(0, 1), torch.tensor(case.y).flatten(), reduction="none")
        loss = torch.sum(each * torch.tensor(case.mask).flatten()) / len(case.x)
        ours, dx = second.softmax_loss(case.x, case.y, case.mask)
        np.testing.assert_allclose(ours, loss.detach(), **EXACT)
        np.testing.assert_allclose(dx, torch.autograd.grad(loss, x)[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_numerical_gradient(draw: Any) -> None:
    """The exact differences that numerical_gradient is compared with are the derivative plus the h² of a cube."""
    for case in second.gradient_cases(draw):
        (x,) = tensors(case.x)
        if case.kind == "cubic":
            value = torch.sum(x**3) + 2 * torch.sum(x**2) + torch.sum(x) ** 2
            np.testing.assert_allclose(float(value.detach()), second.cubic(case.x), **EXACT)
            h = case.h or 1e-5
            ours, (theirs,) = second.cubic_gradient(case.x, h) - h**2, torch.autograd.grad(value, [x])
        elif case.kind == "same":
            continue  # f returns x: the gradient is the upstream gradient
        else:
            out = (torch.exp(0.5 * x) * (1 + torch.sum(x))).T
            np.testing.assert_allclose(second.rows(case.x), out.detach(), **EXACT)
            ours, (theirs,) = second.rows_gradient(case.x, case.df), gradients(out, case.df, [x])
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_what_each_step_contributes(draw: Any) -> None:
    """The single steps' contributions, which detectors use, add up to the gradients; a chunk's border cuts."""
    for case in second.sequence_cases(draw):
        _, _, dWx, dWh, db = second.sequence_gradients(case.dh, *second.sequence_arguments(case))
        pieces = second.sequence_pieces(case)
        agree([sum(pieces["dWx"]), sum(pieces["dWh"]), sum(pieces["db"])], [dWx, dWh, db])
    for case in second.truncated_cases(draw):
        pieces = second.sequence_pieces(case)
        T, total = case.x.shape[1], np.zeros_like(case.Wh)
        h = second.unrolled(*second.sequence_arguments(case))
        for start in range(0, T, case.chunk):
            piece = slice(start, start + case.chunk)
            state = h[:, start - 1] if start else case.h0
            inputs = (case.x[:, piece], state, case.Wx, case.Wh, case.b)
            total += second.sequence_gradients(case.dh[:, piece], *inputs)[3]
        np.testing.assert_allclose(sum(pieces["dWh"]), total, **EXACT)


def test_moving_all_entries_at_once_is_moving_them_one_by_one() -> None:
    """The vectorised derivative gives the numbers of the plain one."""
    case = second.sequence_cases(visible_draw())[1]
    arguments = second.sequence_arguments(case)
    agree(
        complex_step(second.unrolled, arguments, case.dh, batched=True),
        complex_step(second.unrolled, arguments, case.dh),
    )


def test_what_is_kept_cannot_be_spoiled() -> None:
    """Whoever writes into a gradient changes a copy of it: the next caller gets the right one."""
    case = second.step_cases(visible_draw())[0]
    right = [g.copy() for g in second.step_gradients(case.dnext_h, *second.step_arguments(case))]
    for gradient in second.step_gradients(case.dnext_h, *second.step_arguments(case)):
        gradient[...] = 0.0
    agree(second.step_gradients(case.dnext_h, *second.step_arguments(case)), right)


def test_a_stand_in_takes_nothing_huge() -> None:
    """A submission that asks the judge for the gradients of a huge network is refused at once."""
    x, h0, Wx, Wh, b = (np.ones(shape) for shape in ((1, 1000, 4), (1, 4), (4, 4), (4, 4), (4,)))
    with pytest.raises(ValueError, match="larger than any check"):
        second.sequence_gradients(np.ones((1, 1000, 4)), x, h0, Wx, Wh, b)
    with pytest.raises(ValueError, match="more steps"):
        second.unrolled(x, h0, Wx, Wh, b)


def test_every_check_is_far_from_what_is_refused() -> None:
    """The largest case of a check needs a tenth of what a stand-in computes, and half of its steps."""
    for draw in DRAWS:
        for case in [*second.sequence_cases(draw), *second.truncated_cases(draw)]:
            entries = sum(np.size(value) for value in second.sequence_arguments(case))
            assert entries * case.dh.size < MOST_RESULTS / 10
            assert case.x.shape[1] < second.MOST_STEPS / 2


def test_cases_have_their_sizes_in_their_names() -> None:
    """Detectors read N and T from a case's name; they are the shape's."""
    from autograder.detectors import sizes

    for case in second.sequence_cases(visible_draw())[:4]:
        assert isinstance(case, Case)
        assert tuple(sizes(case)[name] for name in "NTD") == case.x.shape


# --- unit 3 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_embedding(draw: Any) -> None:
    """The table and its gradient are torch's."""
    for case in third.embedding_cases(draw):
        (W,) = tensors(case.W)
        out = torch.nn.functional.embedding(torch.tensor(case.x).long(), W)
        np.testing.assert_allclose(third.looked_up(case.x, case.W), out.detach(), **EXACT)
        agree([third.embedding_gradient(case.dout, case.x, case.W)], gradients(out, case.dout, [W]))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_model_of_characters(draw: Any) -> None:
    """Loss, last state and the six gradients are those of torch's embedding, RNN, product and cross-entropy."""
    for case in third.model_cases(draw):
        names = third.PARAMETERS
        We, Wx, Wh, b, Why, by = weights = tensors(*(np.asarray(case.params[name], dtype=float) for name in names))
        (h0,) = tensors(np.asarray(case.h0, dtype=float))
        h = torch_rnn(torch.nn.functional.embedding(torch.tensor(case.x).long(), We), h0, Wx, Wh, b)
        scores, targets = (h @ Why + by).flatten(0, 1), torch.tensor(case.y).flatten()
        loss = torch.nn.functional.cross_entropy(scores, targets, reduction="sum") / len(case.x)
        ours = third.model_results(case.params, case.x, case.y, case.h0)
        np.testing.assert_allclose(ours["loss"], loss.detach(), **EXACT)
        np.testing.assert_allclose(ours["h_last"], h[:, -1].detach(), **EXACT)
        agree([ours[f"d{name}"] for name in names], [g.numpy() for g in torch.autograd.grad(loss, weights)])


def torch_steps(case: Case, kind: type[torch.optim.Optimizer], **settings: Any) -> list[np.ndarray]:
    """The parameter after each step of one of torch's optimisers."""
    w = torch.tensor(case.w, dtype=torch.float64)
    optimiser = kind([w], **settings)
    found = []
    for dw in case.dws:
        w.grad = torch.tensor(dw, dtype=torch.float64)
        optimiser.step()
        found.append(w.numpy().copy())
    return found


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_optimisers(draw: Any) -> None:
    """Adagrad and Adam, wherever they start from nothing, are torch's."""
    for case in third.adagrad_cases(draw):
        given = third.ADAGRAD | (case.config or {})
        if "cache" not in given:
            theirs = torch_steps(case, torch.optim.Adagrad, lr=given["learning_rate"], eps=given["epsilon"])
            agree([after["next_w"] for after in third.right_adagrad(case)], theirs)
    for case in third.adam_cases(draw):
        given = third.ADAM | (case.config or {})
        if "t" not in given:
            rates = {"lr": given["learning_rate"], "betas": (given["beta1"], given["beta2"]), "eps": given["epsilon"]}
            agree([after["next_w"] for after in third.right_adam(case)], torch_steps(case, torch.optim.Adam, **rates))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_going_on_from_a_config(draw: Any) -> None:
    """Two steps from the config that two steps have left are steps three and four."""
    for cases, right in ((third.adagrad_cases, third.right_adagrad), (third.adam_cases, third.right_adam)):
        case = cases(draw)[0]
        four = right(case)
        config = {name: value for name, value in four[1].items() if name != "next_w"}
        rest = Case("the rest", {"w": four[1]["next_w"], "dws": case.dws[2:], "config": config})
        agree([after["next_w"] for after in right(rest)], [after["next_w"] for after in four[2:]])


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_probabilities_and_bits(draw: Any) -> None:
    """The softmax at a temperature and the mean number of bits are torch's."""
    for case in third.softmax_cases(draw):
        theirs = torch.softmax(torch.tensor(case.scores) / case.temperature, dim=-1)
        np.testing.assert_allclose(third.probabilities(case.scores, case.temperature), theirs, **EXACT)
    for case in third.bits_cases(draw):
        nats = torch.nn.functional.cross_entropy(
            torch.tensor(case.scores).flatten(0, 1), torch.tensor(case.y).flatten()
        )
        # a difference of scores near 10000 keeps twelve digits
        np.testing.assert_allclose(third.right_bits(case.scores, case.y), nats / np.log(2), rtol=1e-9)


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_writing(draw: Any) -> None:
    """Read back by torch's RNN, each character is where its number falls, or has the largest score."""
    for case in [*third.sample_cases(draw), *third.greedy_cases(draw)]:
        greedy = "M" in case.inputs
        ids = third.best(case.inputs)[0] if greedy else third.sampled(case.inputs)[0]
        read = torch.tensor([[case.first, *ids[:-1]]])
        We, Wx, Wh, b, Why, by = (torch.tensor(case.params[name]) for name in third.PARAMETERS)
        scores = (torch_rnn(We[read], torch.tensor(case.h0)[None], Wx, Wh, b) @ Why + by)[0]
        if greedy:
            assert ids == scores.argmax(dim=1).tolist()
            continue
        borders = torch.softmax(scores / (case.temperature or 1.0), dim=1).cumsum(dim=1)
        borders[:, -1] = 1.0  # whatever the sum rounds to
        numbers = torch.tensor(case.uniforms)[:, None]
        assert ids == torch.searchsorted(borders, numbers, right=True)[:, 0].tolist()


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_no_number_is_near_a_border(draw: Any) -> None:
    """Rounding decides no character: numbers stay clear of borders, and the largest score of the second."""
    for case in third.sample_cases(draw):
        on_purpose = case.edge in ("a number on a border", "a number just below 1")
        assert on_purpose or third.sampled(case.inputs)[1] >= third.CLEAR
    for case in third.greedy_cases(draw):
        assert third.best(case.inputs)[1] >= third.CLEAR


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_chunks(draw: Any) -> None:
    """Side by side, the chunks' rows are pieces of the text without a gap, and targets are one place further."""
    for case in third.batch_cases(draw):
        x, y = third.right_batches(case.text, case.N, case.T)
        L, length = (len(case.text) - 1) // case.N, len(x) * case.T
        assert L - case.T < length <= L
        for n in range(case.N):
            assert np.array_equal(np.concatenate(x[:, n]), case.text[n * L : n * L + length])
            assert np.array_equal(np.concatenate(y[:, n]), case.text[n * L + 1 : n * L + length + 1])


# --- unit 4 -----------------------------------------------------------------------------------------


def torch_lstm(x: torch.Tensor, h0: torch.Tensor, c0: torch.Tensor, *weights: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """torch's own LSTM, whose blocks stand in another order; h of every step and the last c."""
    Wx, Wh, b = (torch.cat([w.chunk(4, -1)[k] for k in (0, 1, 3, 2)], dim=-1) for w in weights)
    layer = torch.nn.LSTM(x.shape[2], h0.shape[1], batch_first=True).double()
    parameters = {"weight_ih_l0": Wx.T, "weight_hh_l0": Wh.T, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}
    h, (_, c) = torch.func.functional_call(layer, parameters, (x, (h0[None], c0[None])))
    return h, c[0]


def torch_gru_step(
    x: torch.Tensor, h: torch.Tensor, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    """The GRU of Cho et al., whose reset comes before the product, in torch's operations."""
    (xr, xz, xn), (Ur, Uz, Un) = (x @ Wx + b).chunk(3, 1), Wh.chunk(3, 1)
    r, z = torch.sigmoid(xr + h @ Ur), torch.sigmoid(xz + h @ Uz)
    return torch.lerp(torch.tanh(xn + (r * h) @ Un), h, z)


def both_upstream(case: Case) -> np.ndarray:
    return np.stack([case.dnext_h, case.dnext_c])


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_lstm_step(draw: Any) -> None:
    """The two states are torch.nn.LSTM's, saturated gates included, and so are the six gradients."""
    for case in fourth.forward_cases("lstm_step", fourth.lstm_step_inputs, draw):
        arguments = fourth.lstm_step_arguments(case)
        x, h0, c0, *weights = inputs = tensors(*arguments)
        h, c = torch_lstm(x[:, None], h0, c0, *weights)
        agree(fourth.lstm_step(*arguments), [h[:, 0].detach(), c.detach()])
        ours = fourth.step_gradients(fourth.LSTM_BOTH, case.dnext_h, case.dnext_c, *arguments)
        agree(ours, gradients(torch.stack([h[:, 0], c]), both_upstream(case), inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_coupled_step(draw: Any) -> None:
    """The two states and six gradients of the step with one gate for two are autograd's."""
    for case in fourth.forward_cases("coupled_step", fourth.coupled_step_inputs, draw):
        arguments = fourth.lstm_step_arguments(case)
        x, h, c, Wx, Wh, b = inputs = tensors(*arguments)
        f, o, g = (x @ Wx + h @ Wh + b).chunk(3, 1)
        next_c = torch.lerp(torch.tanh(g), c, torch.sigmoid(f))
        next_h = torch.sigmoid(o) * torch.tanh(next_c)
        agree(fourth.coupled_step(*arguments), [next_h.detach(), next_c.detach()])
        ours = fourth.step_gradients(fourth.COUPLED_BOTH, case.dnext_h, case.dnext_c, *arguments)
        agree(ours, gradients(torch.stack([next_h, next_c]), both_upstream(case), inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_gru_step(draw: Any) -> None:
    """The state and the five gradients are autograd's."""
    for case in fourth.forward_cases("gru_step", fourth.gru_step_inputs, draw):
        arguments = fourth.gru_step_arguments(case)
        inputs = tensors(*arguments)
        out = torch_gru_step(*inputs)
        np.testing.assert_allclose(fourth.gru_step(*arguments), out.detach(), **EXACT)
        agree(fourth.gradients(fourth.gru_step, case.dnext_h, *arguments), gradients(out, case.dnext_h, inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_gru_step_with_a_late_reset(draw: Any) -> None:
    """It is the step of torch.nn.GRU."""
    for case in fourth.forward_cases("reset_after", fourth.gru_step_inputs, draw):
        x, h, Wx, Wh, b = tensors(*fourth.gru_step_arguments(case))
        layer = torch.nn.GRUCell(x.shape[1], h.shape[1]).double()
        parameters = {"weight_ih": Wx.T, "weight_hh": Wh.T, "bias_ih": b, "bias_hh": torch.zeros_like(b)}
        out = torch.func.functional_call(layer, parameters, (x, h))
        ours = fourth.gru_step(*fourth.gru_step_arguments(case), late=True)
        np.testing.assert_allclose(ours, out.detach(), **EXACT)


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_lstm_sequences(draw: Any) -> None:
    """The states of all steps and the five gradients are those of torch.nn.LSTM with an empty cell at first."""
    for case in fourth.sequence_cases("lstm", fourth.lstm_inputs, draw):
        arguments = fourth.sequence_arguments(case)
        x, h0, *weights = inputs = tensors(*arguments)
        out, _ = torch_lstm(x, h0, torch.zeros_like(h0), *weights)
        np.testing.assert_allclose(fourth.lstm_unrolled(*arguments), out.detach(), **EXACT)
        agree(fourth.gradients(fourth.lstm_unrolled, case.dh, *arguments), gradients(out, case.dh, inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_gru_sequences(draw: Any) -> None:
    """The states of all steps and the five gradients are autograd's."""
    for case in fourth.sequence_cases("gru", fourth.gru_inputs, draw):
        arguments = fourth.sequence_arguments(case)
        x, h, *weights = inputs = tensors(*arguments)
        states = []
        for x_t in x.unbind(1):
            h = torch_gru_step(x_t, h, *weights)
            states.append(h)
        out = torch.stack(states, dim=1)
        np.testing.assert_allclose(fourth.gru_unrolled(*arguments), out.detach(), **EXACT)
        agree(fourth.gradients(fourth.gru_unrolled, case.dh, *arguments), gradients(out, case.dh, inputs))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
def test_weights_in_torch_order(draw: Any) -> None:
    """Loaded into torch.nn.LSTM, the rows that to_torch_lstm is compared with give the oracle's states."""
    for case in fourth.layout_cases(draw):
        D, H = len(case.Wx), len(case.Wh)
        layer = torch.nn.LSTM(D, H, batch_first=True).double()
        bias = fourth.torch_rows(case.b)
        state = {"weight_ih_l0": fourth.torch_rows(case.Wx), "weight_hh_l0": fourth.torch_rows(case.Wh)}
        state |= {"bias_ih_l0": bias, "bias_hh_l0": np.zeros_like(bias)}
        layer.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
        x, h0 = np.sin(np.arange(6.0 * D)).reshape(2, 3, D), np.zeros((2, H))
        with torch.no_grad():
            out, _ = layer(torch.tensor(x))
        np.testing.assert_allclose(fourth.lstm_unrolled(x, h0, case.Wx, case.Wh, case.b), out, **EXACT)


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.label)
@pytest.mark.parametrize("blocks", [3, 4])
def test_what_each_step_of_a_gated_cell_contributes(blocks: int, draw: Any) -> None:
    """The single steps' contributions, which detectors use, add up to the gradients."""
    unrolled = fourth.gru_unrolled if blocks == 3 else fourth.lstm_unrolled
    make = fourth.gru_inputs if blocks == 3 else fourth.lstm_inputs
    for case in fourth.sequence_cases("pieces", make, draw):
        _, _, dWx, dWh, db = fourth.gradients(unrolled, case.dh, *fourth.sequence_arguments(case))
        pieces = fourth.sequence_pieces(blocks, case)
        agree([sum(pieces["dWx"]), sum(pieces["dWh"]), sum(pieces["db"])], [dWx, dWh, db])


def test_single_precision_of_gated_cells_is_far_from_the_tolerance() -> None:
    """States and gradients that torch computes in float32 are off by less than a twentieth of what is allowed."""
    for draw in DRAWS:
        for case in fourth.sequence_cases("lstm", fourth.lstm_inputs, draw):
            arguments = fourth.sequence_arguments(case)
            x, h0, *weights = inputs = [torch.tensor(a, dtype=torch.float32, requires_grad=True) for a in arguments]
            layer = torch.nn.LSTM(x.shape[2], h0.shape[1], batch_first=True)
            Wx, Wh, b = (torch.cat([w.chunk(4, -1)[k] for k in (0, 1, 3, 2)], dim=-1) for w in weights)
            names = {"weight_ih_l0": Wx.T, "weight_hh_l0": Wh.T, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}
            out, _ = torch.func.functional_call(layer, names, (x, (h0[None], torch.zeros_like(h0)[None])))
            found = torch.autograd.grad(torch.sum(torch.tensor(case.dh, dtype=torch.float32) * out), inputs)
            right = fourth.gradients(fourth.lstm_unrolled, case.dh, *arguments)
            for mine, other in zip(right, found, strict=True):
                assert compare(other.numpy(), mine, RTOL / 20).ok
            assert compare(out.detach().numpy(), fourth.lstm_unrolled(*arguments), RTOL / 20).ok


def test_stand_ins_of_gated_cells_refuse_what_no_check_needs() -> None:
    """A submission that asks the judge for the gradients of a huge sequence is refused at once."""
    x, h0, Wx, Wh, b = (np.ones(shape) for shape in ((1, 1000, 4), (1, 4), (4, 16), (4, 16), (16,)))
    with pytest.raises(ValueError, match="more steps"):
        fourth.lstm_unrolled(x, h0, Wx, Wh, b)
    with pytest.raises(ValueError, match="larger than any check"):
        fourth.gradients(fourth.gru_unrolled, np.ones((1, 1000, 4)), x, h0, Wx[:, :12], Wh[:, :12], b[:12])
