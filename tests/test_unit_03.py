"""Unit 3: its notebook, solved, runs; its experiments come out as the text says; its figures are in order."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from notebook_helpers import (
    assert_every_figure_is_shown,
    assert_text_stays_inside,
    conclusions_of,
    pictures,
    run_notebook,
    variables,
    written,
)

from autograder.course import load_course
from coursekit import diagrams_text
from coursekit.language import CharHistory

UNIT = load_course().unit("03_char_lm")

#: What the last cell hands out: variables in which the notebook keeps its conclusions.
CONCLUSIONS = variables("""
    hello_bits forgetful_bits V round_trip commonest ratio_common_rare largest_product_error kept_once kept_most
    goes_on guess_ratio direction_errors carry_error learned_bits scale_free adagrad_at_100 adam_at_1000
    longest_uncorrected descent_bits evenness ngram_bits baselines sizes_of_tables numbers draw_error noise
    resumed_equal rnn_bits trigram_bits fivegram_bits verdict by_kind carried_mean zeros_mean zeros_first zeros_late
    carried_late loop_share different judge_bits varieties real_bits real_variety drift doubt memory judge_at
    cell_scores random_scores sum_scores random_sum_scores better_cells
""") | {
    "samples": "history.samples",
    "marks": "history.marks",
    "trained_updates": "run.updates",
    "hand_states": "answers(hand, 'hell')[0]",
    "hand_p": "answers(hand, 'hell')[1]",
    "draw_example": "[next(i for i, end in enumerate((.5, .7, 1.)) if end > u) for u in (.1, .5, .69, .7)]",
}
TIMEOUT = 1500  # seconds for the whole run on a machine that does other things too


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom beside the reference modules, conclusions in a last cell."""
    course = tmp_path_factory.mktemp("unit_03")
    return run_notebook(UNIT, course, CONCLUSIONS, earlier=["02_bptt"], timeout=TIMEOUT)


@pytest.fixture(scope="module")
def found(solved: nbformat.NotebookNode) -> dict[str, Any]:
    """The conclusions by name."""
    return conclusions_of(solved)


#: A test of the notebook's run, which trains for a minute or two.
of_the_run = [pytest.mark.slow, pytest.mark.timeout(TIMEOUT + 100)]


def on_the_run(test: Any) -> Any:
    """Mark a test that needs the executed notebook."""
    for mark in of_the_run:
        test = mark(test)
    return test


# The notebook as a whole


@on_the_run
def test_a_run_writes_nothing_to_stderr(solved: nbformat.NotebookNode) -> None:
    """No warning and no progress bar goes to stderr: nbgrader would give a test cell zero for it."""
    assert written(solved, "stderr") == []


@on_the_run
def test_every_figure_is_shown(solved: nbformat.NotebookNode) -> None:
    """Each cell that draws has one picture among its outputs, the live one included."""
    calls = ("plt.show()", "diagrams_text.hello", "diagrams_text.streams", "diagrams_text.whole", "\nshow_cell(")
    assert_every_figure_is_shown(solved, lambda source: int(any(call in f"\n{source}" for call in calls)))
    trains = [cell for cell in solved.cells if cell.cell_type == "code" and "picture=picture" in cell.source]
    assert len(pictures(trains[0])) == 1


@on_the_run
def test_it_takes_the_students_own_unit_2(solved: nbformat.NotebookNode) -> None:
    """Beside a right module of unit 2 the notebook says "your own"."""
    assert any("6 functions of 02_bptt: your own." in text for text in written(solved))


@on_the_run
def test_a_run_leaves_no_files(solved: nbformat.NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the notebook writes to show that it can, it takes away again."""
    (course,) = tmp_path_factory.getbasetemp().glob("unit_03[0-9]*")  # not the link beside it
    folder = course / UNIT.id
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {UNIT.module_file}


# What is worked out by hand


@on_the_run
def test_the_hand_made_model_says_what_the_table_says(found: dict[str, Any]) -> None:
    """Units A, B and C are true and false where the text says so, and every letter is expected."""
    signs = np.sign(found["hand_states"]).astype(int).tolist()
    assert signs == [[-1, -1, 1], [-1, -1, -1], [1, -1, -1], [1, 1, -1]]
    assert [round(row[1], 2) for row in found["hand_states"]][2:] == [-0.96, 0.96]
    assert np.argmax(found["hand_p"], axis=1).tolist() == [1, 2, 2, 3]  # e l l o
    assert found["hello_bits"] < 0.05
    assert found["forgetful_bits"] > 0.5


@on_the_run
def test_drawing_by_hand_is_right(found: dict[str, Any]) -> None:
    """The four draws of the text."""
    assert found["draw_example"] == [0, 1, 1, 2]


def test_adams_first_step_by_hand_is_right() -> None:
    """The numbers of "By hand": with the correction one learning rate, without it 3.16."""
    g = 0.5
    m, v = 0.1 * g, 0.001 * g**2
    assert (m, v) == pytest.approx((0.05, 0.00025))
    assert (m / 0.1) / np.sqrt(v / 0.001) == pytest.approx(1)
    assert m / np.sqrt(v) == pytest.approx(3.16, abs=0.005)


# The experiments, in the order of the notebook


@on_the_run
def test_text_survives_the_way_to_numbers_and_back(found: dict[str, Any]) -> None:
    """Decoding what was encoded gives the text; the space is the commonest character by far."""
    assert found["round_trip"] is True
    assert found["commonest"] == " "
    assert found["ratio_common_rare"] > 1000


@on_the_run
def test_the_natural_line_keeps_one_term_of_each_sum(found: dict[str, Any]) -> None:
    """Characters that occur once are right, the commonest keeps a small share; table and product agree."""
    assert found["largest_product_error"] < 1e-12
    assert found["kept_once"] == pytest.approx([1.0] * len(found["kept_once"]))
    assert found["kept_most"] < 0.2


@on_the_run
def test_chunks_follow_each_other(found: dict[str, Any]) -> None:
    """Every chunk begins with the last targets of the one before."""
    assert found["goes_on"] is True


@on_the_run
def test_the_model_passes_the_three_free_tests(found: dict[str, Any]) -> None:
    """The loss of a guess, right gradients, and a state that carries."""
    assert found["guess_ratio"] == pytest.approx(1, abs=0.02)
    assert len(found["direction_errors"]) == 6
    assert max(found["direction_errors"].values()) < 1e-6
    assert found["carry_error"] < 1e-9


@on_the_run
def test_hello_is_learned_with_memory_only(found: dict[str, Any]) -> None:
    """Nearly no surprise with memory; exactly the bound of Question 1 without."""
    assert found["learned_bits"]["with memory"] < 0.1
    assert found["learned_bits"]["without"] == pytest.approx(0.5, abs=0.03)


@on_the_run
def test_steps_do_not_depend_on_the_size_of_the_gradient(found: dict[str, Any]) -> None:
    """Adagrad's fall like one over the root, Adam's stay at one, uncorrected they begin three times too long."""
    assert found["scale_free"] < 1e-4
    assert found["adagrad_at_100"] == pytest.approx(0.1, rel=0.01)
    assert found["adam_at_1000"] == pytest.approx(1, rel=0.01)
    assert 3 < found["longest_uncorrected"] < 8


@on_the_run
def test_step_sizes_of_their_own_are_fairer(found: dict[str, Any]) -> None:
    """Rows move with their counts under plain descent, hardly so under the others; in bits they are close."""
    bits, evenness = found["descent_bits"], found["evenness"]
    assert max(bits["Adam"], bits["Adagrad"]) < bits["SGD"] + 0.05
    assert max(bits.values()) - min(bits.values()) < 0.25
    assert evenness["SGD"] > 0.35
    assert max(evenness["Adam"], evenness["Adagrad"]) < 0.5 * evenness["SGD"]


@on_the_run
def test_more_context_helps_less_each_time(found: dict[str, Any]) -> None:
    """From uniform to 5-grams each table is better, by smaller and smaller amounts; the tables grow."""
    bits = [found["ngram_bits"][str(n)] for n in range(1, 8)]
    gains = -np.diff(bits)
    assert np.log2(found["V"]) > bits[0]
    assert min(gains[:4]) > 0.05
    assert gains[4] < 0.35 * gains[0] and gains[5] < gains[1]
    assert found["sizes_of_tables"]["5"] > 3 * found["numbers"]
    assert found["sizes_of_tables"]["7"] > 2 * found["sizes_of_tables"]["5"]


@on_the_run
def test_drawing_follows_the_probabilities(found: dict[str, Any]) -> None:
    """20,000 evenly spread numbers draw each character as often as believed."""
    assert found["draw_error"] < 1e-3


@on_the_run
def test_a_stopped_run_ends_where_an_unstopped_one_does(found: dict[str, Any]) -> None:
    """To the last bit, through a file."""
    assert found["resumed_equal"] is True


@on_the_run
def test_the_network_beats_the_trigram_clearly(found: dict[str, Any]) -> None:
    """At least 0.2 bits per character below the smoothed trigram of the same text."""
    assert found["rnn_bits"] < found["trigram_bits"] - 0.2


@on_the_run
def test_the_network_is_near_the_5_gram_and_the_notebook_says_on_which_side(found: dict[str, Any]) -> None:
    """Within a third of a bit of the 5-gram, and the printed verdict is the true one."""
    assert abs(found["rnn_bits"] - found["fivegram_bits"]) < 0.33
    assert found["verdict"] == ("ahead of" if found["rnn_bits"] < found["fivegram_bits"] else "behind")


@on_the_run
def test_training_goes_down_and_samples_become_python(found: dict[str, Any]) -> None:
    """Held-out bits fall from a guess; the last sample has words of Python's in it, the first has none."""
    bits = [value for _, value in found["marks"]]
    assert bits[0] == pytest.approx(np.log2(found["V"]), rel=0.05)
    assert bits == sorted(bits, reverse=True) or max(np.diff(bits)) < 0.03
    words = re.compile(r"\b(self|def|if|return|import|None|for|in|not|the|is|class|raise|and|of)\b")
    assert not words.search(found["samples"][0][1])
    assert words.search(found["samples"][-1][1])


@on_the_run
def test_the_network_and_the_table_are_good_at_different_things(found: dict[str, Any]) -> None:
    """The table is better inside words, the network at closing brackets and quotes or at beginnings of words."""
    rnn, table, _ = found["by_kind"]["further letters"]
    assert table < rnn
    others = [found["by_kind"][name] for name in ("first letter of a word", "closing ) ] } or quote")]
    assert any(rnn < table for rnn, table, _ in others)


@on_the_run
def test_a_carried_state_saves_the_beginning_of_each_chunk(found: dict[str, Any]) -> None:
    """Without it the first character is worse than with a bigram; after some 25 there is no difference any more."""
    assert found["zeros_first"] > found["ngram_bits"]["2"]
    assert found["zeros_mean"] > found["carried_mean"] + 0.1
    assert found["zeros_late"] == pytest.approx(found["carried_late"], abs=0.02)


@on_the_run
def test_greedy_writing_loops_and_drawn_writing_does_not(found: dict[str, Any]) -> None:
    """Most greedy texts end in a loop, and many in the same one; drawn ones never do."""
    assert found["loop_share"]["greedy"] > 0.7
    assert found["loop_share"]["drawn"] < 0.05
    assert found["different"]["drawn"] == 40
    assert found["different"]["greedy"] < 40


@on_the_run
def test_temperature_goes_from_boring_to_strange(found: dict[str, Any]) -> None:
    """At 0 far less surprising and varied than real text, at 1.5 far more; in between it passes real text."""
    judged, varied = found["judge_bits"], found["varieties"]
    assert judged["0.0"] < 0.6 * found["real_bits"]
    assert judged["1.0"] > found["real_bits"]
    assert judged["1.5"] > 1.5 * found["real_bits"]
    assert varied["0.0"] < 0.3 * found["real_variety"] < varied["1.5"]


@on_the_run
def test_feeding_probabilities_leaves_the_known_country(found: dict[str, Any]) -> None:
    """Drawn characters keep the states at home and apart; the whole softmax drifts away and blurs them."""
    assert found["drift"]["real text"] == pytest.approx(1, abs=0.1)
    assert found["drift"]["a drawn character"] < 1.35
    assert found["drift"]["all probabilities"] > 1.5
    assert found["memory"]["a drawn character"] == pytest.approx(1, abs=0.1)
    assert found["memory"]["all probabilities"] < 0.85
    assert found["memory"]["the likeliest character"] < 0.95
    assert found["doubt"]["the likeliest character"] < found["doubt"]["real text"]


@on_the_run
def test_its_own_mistakes_do_not_add_up(found: dict[str, Any]) -> None:
    """At temperature 1 the text is stranger than real text at once, and not stranger later; at 0.5 it narrows."""
    own, bold, real = (
        found["judge_at"][name] for name in ("written, temperature 1", "written, temperature 0.5", "real text")
    )
    assert own[0] > real[0] + 0.2
    assert np.mean(own[5:]) < 1.1 * own[0]
    assert np.mean(bold[5:]) < 0.75 * bold[0]


@on_the_run
def test_the_search_for_cells_comes_out_as_the_text_says(found: dict[str, Any]) -> None:
    """Most best cells beat the best of as many random ones; strings: no cell, but a trace in all together."""
    cells, random = found["cell_scores"], found["random_scores"]
    assert set(cells) >= {"inside a string", "inside a comment", "bracket depth", "position in the line"}
    assert len(found["better_cells"]) >= 3
    assert found["better_cells"] == [name for name in cells if cells[name] > random[name]]
    assert cells["leading spaces"] > 0.4
    assert found["sum_scores"]["leading spaces"] > 0.85
    assert cells["inside a string"] < 0.5
    assert found["sum_scores"]["inside a string"] > found["random_sum_scores"]["inside a string"]


# Figures of the unit


def figures() -> dict[str, Any]:
    """Every diagram of the unit, made of plain numbers."""
    rng = np.random.default_rng(0)
    return {
        "hello": diagrams_text.hello("hell", "ello", rng.uniform(-1, 1, (4, 3)), rng.random((4, 4)), "helo"),
        "streams": diagrams_text.streams("a long text of which only the beginning is ever drawn; so be it"),
        "whole_model": diagrams_text.whole_model(),
    }


@pytest.mark.parametrize("name", ["hello", "streams", "whole_model"])
def test_text_stays_inside_its_figure(name: str) -> None:
    """No label of a diagram reaches over the figure's edge."""
    assert_text_stays_inside(figures()[name])


def test_coloured_text_sets_every_character_on_its_ground() -> None:
    """Each character stands in the column of its number; lines are cut at the width and left out after the last."""
    text = "cost = 5 # in $\n" + "x" * 200 + "\n" + "y\n" * 30
    figure = diagrams_text.coloured_text(text, np.zeros(len(text)), most_lines=4, title="t")
    shown = figure.axes[0].texts
    rows = [[label for label in shown if int(label.get_position()[1]) == row] for row in range(4)]
    assert ["".join(label.get_text() for label in row) for row in rows] == [r"cost=5#in\$", "x" * 95, "y", "y"]
    assert [label.get_position()[0] for label in rows[0]][:6] == [0.5, 1.5, 2.5, 3.5, 5.5, 7.5]
    figure.canvas.draw()
    ground = figure.axes[0].get_window_extent()
    pixels = 2  # by which a letter may lean out of its column
    assert all(ground.x0 - pixels <= label.get_window_extent().x0 for label in shown)
    assert all(label.get_window_extent().x1 <= ground.x1 + pixels for label in shown)


def test_coloured_text_wants_a_number_per_character() -> None:
    """Too few values are refused."""
    with pytest.raises(ValueError, match=r"must be \(3,\)"):
        diagrams_text.coloured_text("abc", np.zeros(2))


@pytest.mark.parametrize("updates", [0, 3, 500])
def test_a_curve_can_be_drawn_at_any_time(updates: int) -> None:
    """Before the first update, after a few, after many."""
    history = CharHistory(bits=[3.0] * updates, marks=[(0, 6.6)])
    figure = diagrams_text.training_curve(history, {"bigram": 3.5})
    figure.canvas.draw()
    assert figure.axes[0].get_xlabel() == "update"
    empty = diagrams_text.training_curve(SimpleNamespace(bits=[], marks=[]), {})
    empty.canvas.draw()
