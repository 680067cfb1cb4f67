"""Unit 4: its notebook, solved, runs; its experiments come out as the text says; figures and stand-ins are right."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest
from notebook_helpers import (
    assert_every_figure_is_shown,
    assert_text_stays_inside,
    conclusions_of,
    module_path,
    one_if_it_draws,
    run_notebook,
    variables,
    written,
)

from autograder.course import load_course
from coursekit import diagrams_gates, stand_ins
from coursekit.upstream import load_module

UNIT = load_course().unit("04_lstm_gru")
NO_LONG_RUN, LONG_RUN = "long_updates = 0 ", "long_updates = 2 "

#: What the last cell hands out: variables in which the notebook keeps its conclusions.
CONCLUSIONS = variables("""
    counts_exactly lowest_h highest_h lstm_errors carousel_end ratio_50 exploded depth_end torch_parity
    torch_gradient_parity gru_ratio_50 gru_parity gru_before_differs gru_bridge adding_error reached copied
    adder_correlation gate_at_marks gate_elsewhere typical_forget coupled_errors ngram_bits text_bits parameters
""") | {
    "twice_as_long": "twice_as_long.measured",
    "variants": "{name: run.marks for name, run in variants.items()}",
    "text_marks": "{cell: run.history.marks for cell, run in readings.items()}",
    "long_marks": "wide.history.marks",
}


def with_a_short_long_run(notebook: nbformat.NotebookNode) -> None:
    """Cut the optional long run to two updates, so that its code is run too."""
    (optional,) = (cell for cell in notebook.cells if NO_LONG_RUN in cell.source)
    optional.source = optional.source.replace(NO_LONG_RUN, LONG_RUN)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom beside the reference modules, conclusions in a last cell."""
    course = tmp_path_factory.mktemp("unit_04")
    earlier = ["02_bptt", "03_char_lm"]
    return run_notebook(UNIT, course, CONCLUSIONS, earlier=earlier, change=with_a_short_long_run)


@pytest.fixture(scope="module")
def found(solved: nbformat.NotebookNode) -> dict[str, Any]:
    """The conclusions by name."""
    return conclusions_of(solved)


# The notebook as a whole


def test_a_run_writes_nothing_to_stderr(solved: nbformat.NotebookNode) -> None:
    """No warning and no progress bar goes to stderr: nbgrader would give a test cell zero for it."""
    assert written(solved, "stderr") == []


def test_every_figure_is_shown(solved: nbformat.NotebookNode) -> None:
    """Each cell that draws has one picture among its outputs."""
    assert_every_figure_is_shown(solved, one_if_it_draws)


def test_it_takes_the_students_own_units_2_and_3(solved: nbformat.NotebookNode) -> None:
    """Beside right modules of earlier units the notebook says "your own", never "a stand-in"."""
    printed = written(solved)
    assert any("rnn_forward, rnn_backward of 02_bptt: your own." in text for text in printed)
    assert any("adam_step of 03_char_lm: your own." in text for text in printed)
    assert not any("a stand-in" in text for text in printed)


# The experiments, in the order of the notebook


def test_a_cell_set_by_hand_counts(found: dict[str, Any]) -> None:
    """The cell state is the number of open brackets, below zero too; what is shown runs from near -1 to near 1."""
    assert found["counts_exactly"] is True
    assert found["lowest_h"] < -0.99
    assert found["highest_h"] > 0.99


def test_the_lstm_step_passes_the_students_own_gradient_check(found: dict[str, Any]) -> None:
    """All six gradients agree with numerical ones."""
    assert set(found["lstm_errors"]) == {"x", "prev_h", "prev_c", "Wx", "Wh", "b"}
    assert max(found["lstm_errors"].values()) < 1e-6


def test_the_carousel_turns_without_loss(found: dict[str, Any]) -> None:
    """Over 1000 steps f = 1 changes nothing; 0.99 and 0.9 shrink the gradient to their thousandth powers."""
    ends = found["carousel_end"]
    assert ends["1.00"] == pytest.approx(1, abs=1e-6)
    assert ends["0.99"] == pytest.approx(0.99**1000, rel=0.01)
    assert ends["0.90"] == pytest.approx(0.9**1000, rel=0.01)


def test_the_highway_needs_an_open_gate(found: dict[str, Any]) -> None:
    """At lag 50: forget biases of 1 and 2 are more than 1e3 and 1e6 times vanilla, a bias of 0 is like vanilla."""
    ratio = found["ratio_50"]
    assert ratio["LSTM, forget bias 1"] > 1e3
    assert ratio["LSTM, forget bias 2"] > 1e6
    assert 0.01 < ratio["LSTM, forget bias 0"] < 100


def test_an_lstm_can_explode(found: dict[str, Any]) -> None:
    """With an eightfold Wh the gradient at lag 100 has grown more than a millionfold."""
    assert found["exploded"] > 1e6


def test_an_added_input_carries_gradients_through_depth(found: dict[str, Any]) -> None:
    """Through 100 layers the plain stack loses all, the residual one nothing, a gate of 0.9 most."""
    ends = found["depth_end"]
    assert ends["plain"] < 1e-12
    assert ends["input added (ResNet)"] > 1
    assert 1e-6 < ends["gate fixed at 0.1 (highway network)"] < 1e-3


def test_torch_computes_the_same_lstm(found: dict[str, Any]) -> None:
    """Outputs and gradients agree to 1e-10."""
    assert found["torch_parity"] < 1e-10
    assert max(found["torch_gradient_parity"].values()) < 1e-10


def test_the_gru_has_its_highway_too(found: dict[str, Any]) -> None:
    """At lag 50 update biases of 1 and 2 are more than 1e3 times vanilla, a bias of 0 is not."""
    ratio = found["gru_ratio_50"]
    assert min(ratio["1"], ratio["2"]) > 1e3
    assert ratio["0"] < 1e3


def test_the_two_grus_differ_and_are_bridged(found: dict[str, Any]) -> None:
    """Reset after the product is torch's GRU; before it differs, but not with a diagonal matrix."""
    assert found["gru_parity"] < 1e-10
    assert found["gru_before_differs"] > 0.05
    assert found["gru_bridge"] < 1e-10


def test_gated_cells_add_at_lag_100_and_vanilla_does_not(found: dict[str, Any]) -> None:
    """Mean squared errors below 0.02 for LSTM and GRU, above 0.1 for vanilla; the GRU does it at lag 200 too."""
    assert found["adding_error"]["LSTM"] < 0.02
    assert found["adding_error"]["GRU"] < 0.02
    assert found["adding_error"]["vanilla"] > 0.1
    assert found["twice_as_long"] < 0.02


def test_copying_takes_an_open_gate_from_the_start(found: dict[str, Any]) -> None:
    """Without a bias no cell with gates gets beyond lag 10; LSTM with 2 and GRU with 3 solve lag 200.

    How far the vanilla network comes is decided by rounding, as the text says.
    """
    reached = found["reached"]
    assert max(reached["LSTM, bias 0"], reached["GRU, bias 0"]) <= 10
    assert reached["LSTM, bias 2"] == 200
    assert reached["GRU, bias 3"] == 200


def test_closed_gates_leave_guessing(found: dict[str, Any]) -> None:
    """From lag 50 on, LSTM and GRU without a bias are right about once in four times."""
    rows = dict(zip(["vanilla", "LSTM 0", "LSTM 1", "LSTM 2", "GRU 0", "GRU 3"], found["copied"], strict=True))
    assert max(rows["LSTM 0"][1:] + rows["GRU 0"][1:]) < 0.4


def test_the_gates_of_the_adder_open_at_the_marks(found: dict[str, Any]) -> None:
    """One cell state holds the sum, its input gate opens at marks only, its forget gate stays open."""
    assert found["adder_correlation"] > 0.8
    assert found["gate_at_marks"] > 3 * found["gate_elsewhere"]
    assert found["typical_forget"] > 0.9


def test_the_coupled_step_passes_the_students_own_gradient_check(found: dict[str, Any]) -> None:
    """All six gradients agree with numerical ones."""
    assert max(found["coupled_errors"].values()) < 1e-6


def test_the_coupled_cell_and_the_whole_one_learn_and_the_first_lstm_does_not(found: dict[str, Any]) -> None:
    """Coupled gates solve the task in fewer updates than all gates; without a forget gate nothing is learned."""
    variants = found["variants"]
    for name in ("all gates", "coupled: i = 1 − f"):
        assert variants[name][-1][1] < 0.01
    assert variants["coupled: i = 1 − f"][-1][0] < variants["all gates"][-1][0]
    assert variants["no forget gate (1997)"][-1][1] > 0.1
    assert variants["no input gate"][-1][0] > variants["all gates"][-1][0]
    assert variants["no output gate"][-1][0] > variants["all gates"][-1][0]


def test_readers_have_equally_many_parameters(found: dict[str, Any]) -> None:
    """None has more than the vanilla network, none less than 96 percent of it."""
    counts = found["parameters"]
    assert max(counts.values()) == counts["vanilla"]
    assert min(counts.values()) > 0.96 * counts["vanilla"]


def test_text_is_no_landslide(found: dict[str, Any]) -> None:
    """At equal updates the GRU is best, vanilla second; all beat the bigram by far and none the 5-gram.

    The text is this Python's own library. Of two patch versions one left the LSTM 0.02 bits below the trigram.
    """
    bits, ngrams = found["text_bits"], found["ngram_bits"]
    assert bits["GRU"] < bits["vanilla"] < bits["LSTM"]
    assert max(bits.values()) < ngrams["2"] - 0.5
    assert max(bits["GRU"], bits["vanilla"]) < ngrams["3"] - 0.05
    assert bits["LSTM"] < ngrams["3"] + 0.1
    assert min(bits.values()) > ngrams["5"]
    assert max(bits.values()) - min(bits.values()) < 0.5


def test_all_text_curves_are_still_falling(found: dict[str, Any]) -> None:
    """Each held-out figure is below the one before, for all three cells."""
    for marks in found["text_marks"].values():
        values = [bits for _, bits in marks]
        assert values == sorted(values, reverse=True)


def test_the_long_run_runs(found: dict[str, Any]) -> None:
    """Its code trains and judges: two updates here."""
    assert [update for update, _ in found["long_marks"]] == [0, 2]


# Figures of the unit


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(lambda: diagrams_gates.lstm_cell(), id="lstm_cell"),
        pytest.param(lambda: diagrams_gates.lstm_cell(backward=True), id="lstm_cell backward"),
        pytest.param(lambda: diagrams_gates.gru_cell(), id="gru_cell"),
        pytest.param(lambda: diagrams_gates.highway(), id="highway"),
        pytest.param(lambda: diagrams_gates.additive_paths(), id="additive_paths"),
    ],
)
def test_text_stays_inside_its_figure(figure: Any) -> None:
    """No label of a diagram reaches over the figure's edge."""
    assert_text_stays_inside(figure())


def test_a_highway_without_steps_is_refused() -> None:
    """T = 0 is named."""
    with pytest.raises(ValueError, match="T is 0"):
        diagrams_gates.highway(0)


# Stand-ins that only this unit asks for


@pytest.fixture(scope="module")
def bptt() -> ModuleType:
    """Unit 2's reference module."""
    return load_module(module_path(load_course().unit("02_bptt")))


def test_the_stand_in_gradient_agrees_with_the_reference(bptt: ModuleType) -> None:
    """For a function of arrays with an upstream gradient, and for one that returns a number; x stays as it was."""
    rng = np.random.default_rng(0)
    x, weight, df = rng.standard_normal((3, 2)), rng.standard_normal((2, 4)), rng.standard_normal((3, 4))
    kept = x.copy()
    expected = bptt.numerical_gradient(lambda z: np.tanh(z @ weight), x, df)
    np.testing.assert_allclose(
        stand_ins.numerical_gradient(lambda z: np.tanh(z @ weight), x, df), expected, rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(
        stand_ins.numerical_gradient(lambda z: float(np.sum(np.sin(z))), x), np.cos(x), rtol=1e-6, atol=1e-9
    )
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize(("a", "b"), [([1.0, -2.0], [1.0, 2.0]), ([0.0, 3.0], [0.0, 3.1]), ([1e-12], [0.0])])
def test_the_stand_in_error_agrees_with_the_reference(bptt: ModuleType, a: list[float], b: list[float]) -> None:
    """Opposite signs, zeros, and entries that are tiny."""
    expected = bptt.relative_error(np.array(a), np.array(b))
    assert stand_ins.relative_error(np.array(a), np.array(b)) == pytest.approx(expected)
