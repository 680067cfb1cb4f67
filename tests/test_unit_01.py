"""Unit 1: its notebook, solved, runs; its experiments come out as the text says; its figures are sound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from matplotlib import colors
from notebook_helpers import (
    assert_every_figure_is_shown,
    assert_text_stays_inside,
    conclusions_of,
    one_if_it_draws,
    run_notebook,
    variables,
    written,
)

from autograder.course import load_course
from coursekit import cells, diagrams, style

ROOT = Path(__file__).resolve().parent.parent
UNIT = load_course().unit("01_vanilla_rnn")
FOLDER = ROOT / "solutions" / UNIT.id

#: What the last cell hands out: variables in which the notebook keeps its conclusions.
CONCLUSIONS = variables("""
    feedforward_early feedforward_late feedforward_hits recurrent_early recurrent_late recurrent_long same_as_yours
    state_size_without_squash state_size_relu state_size_tanh gap_20 relu_border gap_60_relu_at_2 gap_60_tanh_at_2
    mean_sigmoid mean_tanh stacking_errors readout_error_shifted readout_error_double
    difference_before difference_40 rings state_size_wild
    spread_bag spread_all spread_first spread_last loudness_damped loudness_from_loud loudness_from_faint
    collision_input_gap collision_output_gap changed_output_gap influence_first influence_last
    peak_steps widths accuracy_state accuracy_row accuracy_last_state accuracy_last_row accuracy_pixels
    shared_growth unshared_growth parity_accuracy parity_quiet parity_shaken parity_drowned parity_weakest
    parity_strongest accuracy_by_strength strengths
""")


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom, conclusions in a last cell."""
    return run_notebook(UNIT, tmp_path_factory.mktemp("unit_01"), CONCLUSIONS)


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


# The experiments, in the order of the notebook


def test_feedforward_knows_only_the_places_it_was_trained_on(found: dict[str, Any]) -> None:
    """Trained on pairs in the first half, the feed-forward network guesses in the second."""
    assert found["feedforward_early"] > 0.95
    assert 0.4 < found["feedforward_late"] < 0.6


def test_half_a_known_pair_is_half_known(found: dict[str, Any]) -> None:
    """At place 10, where training pairs ended, about a third of the pairs is found; further on, none."""
    assert found["feedforward_hits"][10] == pytest.approx(1 / 3, abs=0.1)
    assert max(found["feedforward_hits"][11:]) < 0.02


def test_recurrent_detector_works_at_every_place_and_length(found: dict[str, Any]) -> None:
    """The hand-set network makes no mistake, in strings of 24 bits or of 1,000."""
    assert found["recurrent_early"] == found["recurrent_late"] == found["recurrent_long"] == 1


def test_the_compared_tanh_network_is_the_students(found: dict[str, Any]) -> None:
    """`drive` with tanh agrees with `rnn_cell`."""
    assert found["same_as_yours"] == 1


def test_only_bounded_squashing_keeps_the_state_bounded(found: dict[str, Any]) -> None:
    """At a high gain the state explodes without squashing and with ReLU, and not with tanh."""
    assert found["state_size_without_squash"] > found["state_size_relu"] > 1e8
    assert found["state_size_tanh"] < 1


def test_sigmoid_forgets_its_start_much_sooner_than_tanh(found: dict[str, Any]) -> None:
    """After 20 steps the tanh network remembers its start a million times better."""
    assert found["gap_20"]["tanh"] > 1e6 * found["gap_20"]["sigmoid"]


def test_relu_remembers_as_well_as_tanh_below_its_border(found: dict[str, Any]) -> None:
    """At a gain of 1.25 their distances after 20 steps are of one size; ReLU explodes from about 1.5 on."""
    assert 0.2 < found["gap_20"]["ReLU"] / found["gap_20"]["tanh"] < 5
    assert found["relu_border"] == pytest.approx(1.5)


def test_only_tanh_remembers_without_exploding(found: dict[str, Any]) -> None:
    """At a gain of 2 both still tell the starts apart after 60 steps, ReLU with a state beyond 1e8, tanh below 1."""
    assert found["gap_60_tanh_at_2"] > 1 > found["state_size_tanh"]
    assert min(found["gap_60_relu_at_2"], found["state_size_relu"]) > 1e8


def test_sigmoid_states_drift_to_one_half(found: dict[str, Any]) -> None:
    """Sigmoid states have a mean near 1/2, tanh states near 0."""
    assert abs(found["mean_sigmoid"] - 0.5) < 0.1
    assert abs(found["mean_tanh"]) < 0.05


def test_stacking_is_right_in_one_order_only(found: dict[str, Any]) -> None:
    """State rows first is exact, side by side does not run, input rows first runs and is wrong."""
    assert found["stacking_errors"]["Ada"] < 1e-12
    assert found["stacking_errors"]["Ben"] is None
    assert found["stacking_errors"]["Cleo"] > 0.1


def test_an_affine_readout_shifts_a_wave_but_cannot_double_it(found: dict[str, Any]) -> None:
    """The best readout of the shifted wave is exact; of the double frequency it explains next to nothing."""
    assert found["readout_error_shifted"] < 1e-12
    assert found["readout_error_double"] > 0.95


def test_states_before_a_changed_input_do_not_move(found: dict[str, Any]) -> None:
    """The network cannot know the future: the difference before the change is exactly zero."""
    assert found["difference_before"] == 0


def test_the_gain_decides_how_long_a_change_is_remembered(found: dict[str, Any]) -> None:
    """40 steps later more is left at a higher gain: next to nothing at 0.6, some percent at 1.3, a multiple at 2."""
    left = [found["difference_40"][gain] for gain in ("0.6", "1.0", "1.3", "2.0")]
    assert left == sorted(left)
    assert left[0] < 1e-10
    assert 0.01 < left[2] < 0.1
    assert left[-1] > 100


def test_a_wild_network_lets_a_pebble_grow_until_tanh_holds_it(found: dict[str, Any]) -> None:
    """At gain 2 the distance starts far below the length of a state and ends near it, where it stays."""
    ring, size = found["rings"]["2.0"][20:], found["state_size_wild"]
    assert ring[0] < 0.01 * size
    assert all(0.7 * size < distance < 1.5 * size for distance in ring[-30:])


def test_order_matters_to_the_network_and_not_to_the_bag(found: dict[str, Any]) -> None:
    """The bag's answer is the same in every order, the network's is not."""
    assert found["spread_bag"] < 1e-12
    assert found["spread_all"] > 0.1


def test_recent_steps_weigh_more(found: dict[str, Any]) -> None:
    """Shuffling the last six steps moves the answer far more than shuffling the first six."""
    assert found["spread_last"] > 10 * found["spread_first"]


def test_free_running_settles_on_one_loudness(found: dict[str, Any]) -> None:
    """Above gain 1 a loud and a faint start end equally loud; below it the song dies."""
    assert found["loudness_from_loud"] == pytest.approx(found["loudness_from_faint"], abs=1e-3)
    assert found["loudness_from_loud"] > 0.4
    assert found["loudness_damped"] < 0.01


def test_colliding_inputs_cannot_be_told_apart(found: dict[str, Any]) -> None:
    """Two very different inputs with one summary give one output; a change that is not hidden shows."""
    assert found["collision_input_gap"] > 1
    assert found["collision_output_gap"] < 1e-12
    assert found["changed_output_gap"] > 0.1


def test_early_inputs_fade_in_the_summary(found: dict[str, Any]) -> None:
    """The last input moves the decoder's outputs more than a thousand times as much as the first."""
    assert found["influence_last"] > 1e3 * found["influence_first"]


def test_higher_layers_are_later_and_slower(found: dict[str, Any]) -> None:
    """From layer to layer the knock is heard later and for longer."""
    for series in (found["peak_steps"], found["widths"]):
        assert all(below < above for below, above in zip(series, series[1:], strict=False))


def test_the_last_state_knows_the_image(found: dict[str, Any]) -> None:
    """Read off the untrained network's state, digits are found far better than off the last row."""
    assert found["accuracy_last_state"] > 0.93
    assert found["accuracy_last_row"] < 0.6
    assert found["accuracy_last_state"] > found["accuracy_pixels"]


def test_the_state_gathers_row_by_row(found: dict[str, Any]) -> None:
    """Accuracy rises with each of the first seven rows; the eighth changes it by less than chance does (2 %)."""
    rising = found["accuracy_state"][:7]
    assert all(before < after for before, after in zip(rising, rising[1:], strict=False))
    assert abs(found["accuracy_state"][7] - found["accuracy_state"][6]) < 0.02


def test_one_row_alone_is_all_that_the_first_state_knows(found: dict[str, Any]) -> None:
    """The two curves start at one point; emptied before each row, the memory never helps beyond two thirds."""
    assert found["accuracy_row"][0] == found["accuracy_state"][0]
    assert all(0.5 < accuracy < 2 / 3 for accuracy in found["accuracy_row"][1:])


def test_sharing_makes_the_count_independent_of_length(found: dict[str, Any]) -> None:
    """From 1 to 256 steps the shared count does not grow; with separate weights it grows over 100-fold."""
    assert found["shared_growth"] == 1
    assert found["unshared_growth"] > 100


def test_parity_is_kept_for_two_hundred_bits(found: dict[str, Any]) -> None:
    """The hand-set network is right after every one of 40,000 bits."""
    assert found["parity_accuracy"] == found["parity_quiet"] == 1


def test_parity_repairs_small_noise_and_drowns_in_large(found: dict[str, Any]) -> None:
    """A plateau at small noise, a coin toss at large noise."""
    assert found["parity_shaken"] == 1
    assert 0.4 < found["parity_drowned"] < 0.6


def test_parity_is_lost_where_weights_are_weak(found: dict[str, Any]) -> None:
    """With weights up to 0.1 no readout finds the parity; from 10 to 100 it is always there."""
    assert 0.4 < found["parity_weakest"] < 0.6
    strong = [right for right, size in zip(found["accuracy_by_strength"], found["strengths"], strict=True) if size > 9]
    assert len(strong) > 5
    assert min(strong) == found["parity_strongest"] == 1


def test_a_linear_border_is_not_the_border_of_tanh(found: dict[str, Any]) -> None:
    """At gain 1, where a linear network would keep the change, less than a thousandth is left after 40 steps."""
    assert found["difference_40"]["1.0"] < 1e-3


# What the figures are made with


def test_palette_colours_are_distinct_in_grey_or_hue() -> None:
    """Any two colours of the cycle differ clearly in lightness or in hue."""
    hsv = {name: colors.rgb_to_hsv(colors.to_rgb(name)) for name in style.CYCLE}
    luma = {name: float(np.dot(colors.to_rgb(name), (0.2126, 0.7152, 0.0722))) for name in style.CYCLE}
    for one in style.CYCLE:
        for other in style.CYCLE:
            if one != other:
                hue = abs(hsv[one][0] - hsv[other][0])
                assert abs(luma[one] - luma[other]) > 0.08 or min(hue, 1 - hue) > 0.08, (one, other)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_tint_refuses_shares_outside_zero_to_one(share: float) -> None:
    """A share is a share."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        style.tint("input", share)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"T": 0}, "at least 1"),
        ({"inputs": "some"}, "inputs is 'some'"),
        ({"outputs": [5]}, "between 1 and T = 4"),
        ({"cuts": [4]}, "between 1 and T - 1 = 3"),
    ],
)
def test_unrolled_refuses_what_it_cannot_draw(arguments: dict[str, Any], complaint: str) -> None:
    """A wrong argument is named."""
    with pytest.raises(ValueError, match=re.escape(complaint)):
        diagrams.unrolled(**arguments)


def test_text_stays_inside_its_figure() -> None:
    """No label of any diagram reaches over the figure's edge."""
    images = np.arange(64.0).reshape(8, 8)
    figures = {
        "cell": diagrams.cell(),
        "unrolled": diagrams.unrolled(5, shared_weights=True, backward=True),
        "truncated": diagrams.unrolled(6, cuts=[2, 4]),
        "feedback": diagrams.unrolled(4, inputs="first", feedback=True),
        "sequence_to_sequence": diagrams.sequence_to_sequence(),
        "multilayer": diagrams.multilayer(),
        "stacked_matrix": diagrams.stacked_matrix(),
        "rows_as_steps": diagrams.rows_as_steps(images),
    }
    for figure in figures.values():
        assert_text_stays_inside(figure)


def test_no_loss_is_drawn_without_backward_pass() -> None:
    """Forward figures show no loss; backward ones show one per output."""

    def losses(**arguments: Any) -> int:
        return sum(text.get_text().startswith("$L_") for text in diagrams.unrolled(4, **arguments).axes[0].texts)

    assert losses() == 0
    assert losses(backward=True) == 4
    assert losses(backward=True, outputs="last") == 1


@pytest.mark.parametrize("squash", sorted(cells.SQUASHERS))
def test_drive_is_the_recurrence(squash: str) -> None:
    """One sequence, one unit, by hand: each state is f(x·wx + h·wh + b)."""
    f = cells.SQUASHERS[squash]
    states = cells.drive(
        squash, np.array([[[2.0], [-1.0]]]), np.array([[0.5]]), *map(np.atleast_2d, (0.3, 0.7)), np.array([0.1])
    )
    first = f(np.array(2.0 * 0.3 + 0.5 * 0.7 + 0.1))
    second = f(np.array(-1.0 * 0.3 + first * 0.7 + 0.1))
    np.testing.assert_allclose(states[0, :, 0], [first, second], rtol=1e-12)
