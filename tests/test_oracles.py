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
from autograder.draws import visible_draw
from autograder.gradcheck import MOST_RESULTS, complex_step

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
