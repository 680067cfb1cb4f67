"""Unit 2: its notebook, solved, runs; its experiments come out as the text says; what it uses of coursekit works."""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from notebook_helpers import (
    assert_every_figure_is_shown,
    assert_text_stays_inside,
    conclusions_of,
    markdown,
    module_path,
    one_if_it_draws,
    run_notebook,
    variables,
    written,
)

from autograder.course import load_course
from coursekit import diagrams_bptt, stand_ins, training
from coursekit.data import load_row_digits
from coursekit.progress import QUIET_VARIABLE, progress
from coursekit.upstream import load_module, upstream

UNIT = load_course().unit("02_bptt")
EARLIER = load_course().unit("01_vanilla_rnn")

#: What the last cell hands out: variables in which the notebook keeps its conclusions.
CONCLUSIONS = variables("""
    best_h best_error best_h_one_sided best_error_one_sided slope_left slope_right errors step_errors
    passed_quiet passed_loud weights_quiet weights_loud same_as_unit_1 copies_errors first_share growth
    largest_deviation excess_small excess_large cliff_ratio snippet_acts_from snippet_after_1000
    clip_accuracy clip_final_loss full_equals_truncated angles lost worst_reached best_unreached reached_but_lost
    spectral_radius reach_30 reach_120 steepness with_tanh_at_2 without_tanh_at_2 largest_share_of_bound
    first_loss reader_accuracy all_pixels_accuracy last_row_accuracy sigma_before sigma_after
    early_silent early_talker talker_accuracy
    share_clipped with_patience arriving
""") | {
    "crossings": "{' '.join(key): value for key, value in crossings.items()}",
    "row_norms": "row_norms",
    "yours": "yours",
}


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom beside the reference modules, conclusions in a last cell."""
    course = tmp_path_factory.mktemp("unit_02")
    return run_notebook(UNIT, course, CONCLUSIONS, earlier=["01_vanilla_rnn"])


@pytest.fixture(scope="module")
def found(solved: nbformat.NotebookNode) -> dict[str, Any]:
    """The conclusions by name."""
    return conclusions_of(solved)


@pytest.fixture(scope="module")
def bptt() -> ModuleType:
    """The reference module."""
    return load_module(module_path(UNIT))


# The notebook as a whole


def test_a_run_writes_nothing_to_stderr(solved: nbformat.NotebookNode) -> None:
    """No warning and no progress bar goes to stderr: nbgrader would give a test cell zero for it."""
    assert written(solved, "stderr") == []


def test_every_figure_is_shown(solved: nbformat.NotebookNode) -> None:
    """Each cell that draws has one picture among its outputs."""
    assert_every_figure_is_shown(solved, one_if_it_draws)


def test_it_takes_the_students_own_unit_1(solved: nbformat.NotebookNode) -> None:
    """Beside a right module of unit 1 the notebook says "your own"."""
    assert any("unroll of 01_vanilla_rnn: your own." in text for text in written(solved))


def test_the_loop_in_the_text_is_the_loop_that_trains() -> None:
    """The six lines of gradient descent, executed as printed, end at the weights that `train` without momentum has."""
    loop = re.findall(r"```python\n(for epoch in .*?)```", markdown(UNIT), flags=re.DOTALL)
    assert len(loop) == 1 and len(loop[0].splitlines()) == 6
    batches = [(np.array([x]), None, None) for x in (0.5, -2.0, 1.5)]
    bowl = SimpleNamespace(loss=lambda p, x, y, mask: (0.0, {"w": p["w"] - x, "b": 3 * p["b"]}))

    def clip(grads: training.Params) -> tuple[training.Params, float]:
        return {name: 0.5 * grad for name, grad in grads.items()}, 1.0

    by_text, by_train = ({"w": np.array([4.0]), "b": np.array([1.0, -2.0])} for _ in range(2))
    names = {"network": bowl, "params": by_text, "clip": clip, "lr": 0.3, "epochs": 2}
    exec(loop[0], {**names, "minibatches_in_random_order": lambda: batches})  # noqa: S102  our own text
    training.train(by_train, bowl.loss, batches * 2, lr=0.3, momentum=0.0, clip=clip, quiet=True)
    assert all(np.array_equal(by_text[name], by_train[name]) for name in by_train)
    assert by_text["w"][0] != 4.0


def test_the_worked_product_is_right(bptt: ModuleType) -> None:
    """The numbers of "Two steps by hand" are those of the matrices, and those that `gradient_norms` gives."""
    Wh, h = np.array([[1, 0.5], [0, 1]]), np.array([[0.9, 0.9], [0, 0.5], [0.6, 0]])
    M2, M3 = (Wh * (1 - state**2) for state in h[1:])
    np.testing.assert_allclose(M2, [[1, 0.375], [0, 0.75]])
    np.testing.assert_allclose(M3, [[0.64, 0.5], [0, 1]])
    np.testing.assert_allclose(M2 @ M3, [[0.64, 0.875], [0, 0.75]])
    assert (M3 @ M2)[0, 1] == pytest.approx(0.615)
    np.testing.assert_allclose(bptt.gradient_norms(h[None], Wh)[0], [1.26, 1.17, 1], atol=0.005)
    sigma = np.linalg.norm(Wh, ord=2)
    assert (sigma, sigma**2) == pytest.approx((1.28, 1.64), abs=0.005)


# The experiments, in the order of the notebook


def test_the_best_step_of_a_difference_lies_in_between(found: dict[str, Any]) -> None:
    """Centred differences are best near 1e-5 and a hundred times better than one-sided ones at their best."""
    assert 1e-7 < found["best_h"] < 1e-3
    assert found["best_h_one_sided"] < found["best_h"]
    assert found["best_error"] < found["best_error_one_sided"] / 100


def test_the_arms_of_the_v_have_the_slopes_of_the_two_error_terms(found: dict[str, Any]) -> None:
    """Truncation rises as h squared, rounding falls as 1/h."""
    assert found["slope_right"] == pytest.approx(2, abs=0.1)
    assert found["slope_left"] == pytest.approx(-1, abs=0.2)


def test_wrong_gradients_lie_orders_of_magnitude_from_right_ones(found: dict[str, Any]) -> None:
    """Right is below 1e-7; every mistake is above 1e-4, and so is the right one in float32."""
    errors = dict(found["errors"])
    assert errors.pop("correct") < 1e-7
    assert len(errors) == 5
    assert min(errors.values()) > 1e-4


def test_the_step_passes_the_students_own_gradient_check(found: dict[str, Any]) -> None:
    """All five gradients agree with numerical ones."""
    assert set(found["step_errors"]) == {"x", "prev_h", "Wx", "Wh", "b"}
    assert max(found["step_errors"].values()) < 1e-6


def test_saturation_closes_the_way_to_the_state_only(found: dict[str, Any]) -> None:
    """A loud input lets a tenth through to the past, and makes the weights' gradient larger."""
    assert found["passed_quiet"] > 0.7
    assert found["passed_loud"] < 0.15
    assert found["weights_loud"] > 10 * found["weights_quiet"]


def test_forward_is_unit_1s_unroll(found: dict[str, Any]) -> None:
    """`rnn_forward` computes what `unroll` did."""
    assert found["same_as_unit_1"] is True


def test_gradients_of_copies_add_up_to_that_of_the_shared_weight(found: dict[str, Any]) -> None:
    """The sum over separate copies is BPTT's dWh, for both losses."""
    assert set(found["copies_errors"]) == {"last step only", "every step"}
    assert max(found["copies_errors"].values()) < 1e-5


def test_early_steps_contribute_little_to_a_loss_at_the_end(found: dict[str, Any]) -> None:
    """Step 1's share is less than a fifth of the last step's."""
    assert found["first_share"] < 0.2


def test_sums_over_time_grow_with_time(found: dict[str, Any]) -> None:
    """Like T if the steps agree, like the root of T if not."""
    assert found["growth"]["the steps agree"] == pytest.approx(1, abs=0.15)
    assert found["growth"]["the steps disagree"] == pytest.approx(0.5, abs=0.15)


def test_the_loss_of_an_ignorant_network_is_t_log_v(found: dict[str, Any]) -> None:
    """Within a percent for small scores; large random scores are much worse."""
    assert found["largest_deviation"] < 0.01
    assert abs(found["excess_small"]) < 0.01
    assert found["excess_large"] > 5


def test_the_landscape_has_a_cliff(found: dict[str, Any]) -> None:
    """At the wall the gradient is more than a thousand times as large as usual."""
    assert found["cliff_ratio"] > 1e3


def test_the_rule_limits_and_the_snippet_turns_long_into_short(found: dict[str, Any]) -> None:
    """The rule's longest result is the threshold; the snippet acts from its root on and turns 1000 into 0.005."""
    assert max(found["yours"]) == pytest.approx(5)
    assert found["snippet_acts_from"] == pytest.approx(5**0.5, rel=0.15)
    assert found["snippet_after_1000"] == pytest.approx(0.005)


def test_clipping_rescues_a_bold_learning_rate(found: dict[str, Any]) -> None:
    """Without it the digit reader fails, with it the same learning rate works."""
    assert found["clip_accuracy"]["off"] < 0.7
    assert found["clip_accuracy"]["on"] > 0.85
    assert found["clip_final_loss"]["off"] > 5 * found["clip_final_loss"]["on"]


def test_a_smaller_rate_does_what_the_clip_does(found: dict[str, Any]) -> None:
    """Most updates were clipped, and without a clip a learning rate of 0.03 does as well."""
    assert found["share_clipped"] > 0.6
    assert found["clip_accuracy"]["off, rate 0.03"] > 0.85
    assert found["clip_final_loss"]["off"] > 5 * found["clip_final_loss"]["off, rate 0.03"]


def test_one_chunk_is_full_bptt(found: dict[str, Any]) -> None:
    """A chunk over the whole sequence gives the full gradient, whatever the singular values."""
    assert max(found["full_equals_truncated"].values()) < 1e-9


def test_the_cut_costs_more_where_gradients_come_from_far(found: dict[str, Any]) -> None:
    """With 8 of 32 steps per chunk the angle to the full gradient rises with the singular values."""
    angles = [found["angles"][scale][3] for scale in ("0.5", "1.0", "1.5")]
    assert angles == sorted(angles)
    assert angles[0] < 20 < 45 < angles[2]


def test_short_memories_lose_at_each_cut_what_longer_chunks_cannot_save(found: dict[str, Any]) -> None:
    """With singular values of 0.5 about half, a quarter, ... is lost before every cut; angles go like root of cuts."""
    for cut in (8, 16, 24):
        last, one_before, *_, first = reversed(found["lost"][cut - 8 : cut])
        assert 0.35 < last < 0.6
        assert 0.15 < one_before < 0.35
        assert first < 0.02
    assert max(found["lost"][24:]) < 1e-9
    four, eight, sixteen = found["angles"]["0.5"][2:5]
    assert four / sixteen == pytest.approx(7**0.5, rel=0.2)
    assert eight / sixteen == pytest.approx(3**0.5, rel=0.2)


def test_a_single_cut_turns_a_gradient_that_comes_from_far(found: dict[str, Any]) -> None:
    """With singular values of 1.5 one cut in the middle leaves an angle above 40 degrees."""
    assert found["angles"]["1.5"][4] > 40


def test_a_lag_is_learned_only_if_the_chunk_reaches_it(found: dict[str, Any]) -> None:
    """Up to lag 7 every chunk that reaches the bit learns it; from lag 4 on no other does."""
    assert found["worst_reached"] > 0.9
    assert found["best_unreached"] < 0.75


def test_to_reach_is_not_enough(found: dict[str, Any]) -> None:
    """At lag 10 the gradient may come to the bit, and the bit is not learned."""
    assert found["reached_but_lost"] < 0.7


def test_patience_helps_where_the_gradient_is_weak_and_not_where_it_is_cut(found: dict[str, Any]) -> None:
    """With 2,000 updates lag 10 is learned in one chunk, and not in chunks of 6; a hundredth gets back ten steps."""
    assert found["with_patience"]["12"] > 0.9
    assert found["with_patience"]["6"] < 0.6
    assert found["arriving"]["7"] == pytest.approx(0.05, rel=0.3)
    assert found["arriving"]["10"] == pytest.approx(0.01, rel=0.3)


def test_only_the_linear_orthogonal_network_turns_at_one(found: dict[str, Any]) -> None:
    """The other three gradients still vanish at a largest singular value clearly above 1."""
    assert found["crossings"]["orthogonal no tanh"] == 1.0
    assert found["crossings"]["orthogonal tanh"] >= 1.2
    assert found["crossings"]["random no tanh"] >= 1.5
    assert found["crossings"]["random tanh"] > found["crossings"]["random no tanh"]
    assert 0.4 < found["spectral_radius"] < 0.7


def test_no_gradient_exceeds_the_bound_below_one(found: dict[str, Any]) -> None:
    """Below 1 vanishing is certain: sigma to the power of the lag is never exceeded."""
    assert found["largest_share_of_bound"] <= 1 + 1e-9


def test_linear_networks_have_no_comfortable_region(found: dict[str, Any]) -> None:
    """Where the linear curves pass 1, a tenth more in sigma is a factor of 5 or more."""
    assert min(found["steepness"].values()) > 5


def test_the_comfort_of_tanh_does_not_last(found: dict[str, Any]) -> None:
    """From sigma 2 to 3 the random tanh network goes from 0.1 to 15 over 30 steps; over 120, by 1e7 and more."""
    assert 0.05 < found["reach_30"]["2.0"] < 0.2
    assert 10 < found["reach_30"]["3.0"] < 20
    assert found["reach_120"]["3.0"] > 1e7 * found["reach_120"]["2.0"]


def test_tanh_holds_growth_back(found: dict[str, Any]) -> None:
    """At singular values of 2 tanh takes off more than five orders of magnitude."""
    assert found["without_tanh_at_2"] > 1e8
    assert found["with_tanh_at_2"] < 1e4


def test_the_digit_reader_has_a_memory(found: dict[str, Any]) -> None:
    """It starts near log 10, ends above 95 %, level with logistic regression and far above the last row alone."""
    assert found["first_loss"] == pytest.approx(np.log(10), rel=0.05)
    assert found["reader_accuracy"] > 0.95
    assert found["reader_accuracy"] > found["all_pixels_accuracy"] - 0.02
    assert found["reader_accuracy"] > found["last_row_accuracy"] + 0.3


def test_training_opens_the_way_to_early_rows(found: dict[str, Any]) -> None:
    """Before training the first row's gradient is weakened, after it it is not; sigma has risen above 1."""
    assert found["row_norms"]["before"][0] < 0.8
    assert found["row_norms"]["after"][0] > 1
    assert found["sigma_before"] == pytest.approx(1)
    assert found["sigma_after"] > 1.5


def test_whoever_is_asked_early_answers_early_and_pays_at_the_end(found: dict[str, Any]) -> None:
    """After five rows only the network that was asked there is any good; after eight the other one is better."""
    assert found["early_talker"] > 0.75
    assert found["early_silent"] < 0.4
    assert found["talker_accuracy"] < found["reader_accuracy"]


# Figures of the unit


@pytest.mark.parametrize("name", ["step_graph", "two_streams", "loss_and_back"])
def test_text_stays_inside_its_figure(name: str) -> None:
    """No label of a diagram reaches over the figure's edge."""
    assert_text_stays_inside(getattr(diagrams_bptt, name)())


# coursekit.data


def test_digits_are_scaled_rows() -> None:
    """Images are float64 (N, 8, 8) from 0 to 1, labels int64."""
    images, labels = load_row_digits("train")
    assert images.shape == (len(labels), 8, 8)
    assert (images.dtype, labels.dtype) == (np.float64, np.int64)
    assert (images.min(), images.max()) == (0.0, 1.0)


def test_the_split_parts_all_digits() -> None:
    """Train and test together are all 1,797 pictures, each once."""
    parts = [load_row_digits(split) for split in ("train", "test")]
    everything, labels = load_row_digits("all")
    together = np.concatenate([images for images, _ in parts]).reshape(-1, 64)
    assert len(everything) == 1797
    assert sorted(map(tuple, together)) == sorted(map(tuple, everything.reshape(-1, 64)))
    assert sorted(np.concatenate([part for _, part in parts])) == sorted(labels)


def test_the_split_depends_on_the_seed_only() -> None:
    """The same seed gives the same split, another one another."""
    first, again, other = (load_row_digits("test", seed=seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_digit_has_its_share_in_the_test_part() -> None:
    """The held-out share of every digit is within one picture of what was asked."""
    _, everything = load_row_digits("all")
    _, held_out = load_row_digits("test", test_share=0.4)
    assert np.all(np.abs(np.bincount(held_out) - 0.4 * np.bincount(everything)) <= 1)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [({"split": "validation"}, "'train', 'test' or 'all'"), ({"test_share": 1.0}, "above 0 and below 1")],
)
def test_digits_refuse_what_makes_no_split(arguments: dict[str, Any], complaint: str) -> None:
    """A wrong argument is named."""
    with pytest.raises(ValueError, match=complaint):
        load_row_digits(**arguments)


# coursekit.progress


def drawn(monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> tuple[list[int], str, str]:
    """What a bar over three items yields, and what it writes to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        items = list(progress(range(3), **arguments))
    return items, out.getvalue(), err.getvalue()


def test_a_bar_goes_to_stdout_and_yields_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items come unchanged; the label is on stdout, nothing on stderr."""
    monkeypatch.delenv(QUIET_VARIABLE, raising=False)
    items, out, err = drawn(monkeypatch, label="reading")
    assert items == [0, 1, 2]
    assert "reading" in out and "3/3" in out
    assert err == ""


@pytest.mark.parametrize("total", [None, 10_000_000])
def test_a_bar_fits_into_eighty_columns(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    """No line is longer than 79 characters, with a long label and a large total too."""
    monkeypatch.delenv(QUIET_VARIABLE, raising=False)
    _, out, _ = drawn(monkeypatch, label="a label that is much longer than a label should be", total=total)
    assert max(len(line) for line in re.split(r"[\r\n]", out)) <= 79


def test_a_bar_of_unknown_length_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator without a total is counted, not refused."""
    monkeypatch.delenv(QUIET_VARIABLE, raising=False)
    out = io.StringIO()
    with redirect_stdout(out):
        assert list(progress((item for item in "abc"), "letters")) == ["a", "b", "c"]
    assert "letters" in out.getvalue()


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`quiet=True` and the environment variable silence the bar."""
    monkeypatch.delenv(QUIET_VARIABLE, raising=False)
    assert drawn(monkeypatch, quiet=True) == ([0, 1, 2], "", "")
    monkeypatch.setenv(QUIET_VARIABLE, "1")
    assert drawn(monkeypatch) == ([0, 1, 2], "", "")


# coursekit.training


def test_momentum_steps_are_those_of_the_formula() -> None:
    """Two steps on a fixed gradient: lr, then lr times (1 + momentum)."""
    params = {"w": np.array([1.0])}
    history = training.train(
        params, lambda p: (0.0, {"w": np.array([2.0])}), [(), ()], lr=0.1, momentum=0.5, quiet=True
    )
    assert params["w"][0] == pytest.approx(1 - 0.2 - 0.2 * 1.5)
    assert history.norm == [2.0, 2.0]


def test_training_stops_where_numbers_end() -> None:
    """A loss that is no number ends the run, notes the step and leaves the weights as they were."""
    params = {"w": np.array([1.0])}
    losses = iter([1.0, float("nan"), 1.0])
    history = training.train(params, lambda p: (next(losses), {"w": np.zeros(1)}), [()] * 3, lr=1.0, quiet=True)
    assert history.diverged_at == 1
    assert len(history.loss) == 2
    assert params["w"][0] == 1.0


@pytest.mark.parametrize(
    ("arguments", "complaint"), [({"lr": 0.0}, "lr is 0.0"), ({"lr": 1.0, "momentum": 1.0}, "momentum is 1.0")]
)
def test_training_refuses_senseless_settings(arguments: dict[str, float], complaint: str) -> None:
    """A wrong setting is named."""
    with pytest.raises(ValueError, match=complaint):
        training.train({}, lambda p: (0.0, {}), [], **arguments)  # type: ignore[arg-type]


def test_the_classifiers_gradients_are_those_of_its_loss(bptt: ModuleType) -> None:
    """Each gradient agrees with numerical differentiation of the loss."""
    rng = np.random.default_rng(0)
    network = training.SequenceClassifier.of(bptt)
    params = training.init_rnn(3, 5, 4, seed=1)
    x, y = rng.standard_normal((2, 6, 3)), rng.integers(0, 4, (2, 6))
    mask = rng.random((2, 6)) < 0.5
    _, grads = network.loss(params, x, y, mask)
    for name, value in params.items():
        numerical = bptt.numerical_gradient(
            lambda z, name=name: network.loss({**params, name: z}, x, y, mask)[0], value.copy()
        )
        assert bptt.relative_error(grads[name], numerical) < 1e-5, name


def test_the_classifier_names_a_gradient_of_the_wrong_shape(bptt: ModuleType) -> None:
    """A db of shape (1, H) would broadcast in silence; it is refused by name."""

    def backward(dh: np.ndarray, cache: Any) -> tuple[np.ndarray, ...]:
        dx, dh0, dWx, dWh, db = bptt.rnn_backward(dh, cache)
        return dx, dh0, dWx, dWh, db[None]

    network = training.SequenceClassifier.of(bptt, backward=backward)
    with pytest.raises(ValueError, match=r"gradient of b has shape \(1, 5\)"):
        network.loss(training.init_rnn(3, 5, 4), np.zeros((2, 6, 3)), np.zeros((2, 6), int), np.ones((2, 6), bool))


def test_initial_recurrent_weights_have_the_singular_values_asked_for() -> None:
    """All singular values of Wh are `scale`."""
    singular_values = np.linalg.svd(training.init_rnn(3, 6, 2, scale=1.7)["Wh"], compute_uv=False)
    np.testing.assert_allclose(singular_values, 1.7)


def test_an_epoch_of_minibatches_holds_everything_once() -> None:
    """Ten items in batches of four, two epochs: each item once per epoch, in different orders."""
    batches = list(training.minibatches(10, 4, 2))
    epochs = [np.concatenate(batches[:3]), np.concatenate(batches[3:])]
    assert [len(batch) for batch in batches] == [4, 4, 2] * 2
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert not np.array_equal(*epochs)


def test_many_to_one_targets_judge_the_last_step_only() -> None:
    """The mask is true once per sequence, at its end."""
    y, mask = training.last_step_targets(np.array([3, 1]), T=4)
    assert y.tolist() == [[3] * 4, [1] * 4]
    assert mask.sum() == 2 and mask[:, -1].all()


# coursekit.upstream


def unit_folder(tmp_path: Path, source: str) -> Path:
    """A folder with a student's unit-1 module."""
    folder = tmp_path / "01_vanilla_rnn"
    folder.mkdir()
    (folder / "vanilla_rnn.py").write_text(source, encoding="utf-8")
    return folder


SOLVED_UNIT_1 = module_path(EARLIER).read_text(encoding="utf-8")


def test_a_right_function_is_the_students_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What passes its check is taken from the student's file, and one line says so."""
    folder = unit_folder(tmp_path, SOLVED_UNIT_1)
    function = upstream("01_vanilla_rnn", "rnn_cell", folder=folder)
    assert function.__code__.co_filename == str(folder / "vanilla_rnn.py")  # type: ignore[union-attr]
    assert capsys.readouterr().out == "rnn_cell of 01_vanilla_rnn: your own.\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (SOLVED_UNIT_1.replace("h @ Why + by", "h @ Why - by"), "your readout does not pass its check yet"),
        ("def readout(:\n", "your readout does not pass its check yet"),
        (None, "there is no 01_vanilla_rnn/vanilla_rnn.py here"),
    ],
    ids=["wrong", "syntax error", "missing"],
)
def test_a_function_that_is_not_right_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str | None, reason: str
) -> None:
    """Wrong, unreadable or missing: a stand-in comes in its place, with the reason, and computes the right thing."""
    folder = tmp_path / "01_vanilla_rnn" if source is None else unit_folder(tmp_path, source)
    readout = upstream("01_vanilla_rnn", "readout", folder=folder)
    assert f"readout of 01_vanilla_rnn: a stand-in, for {reason}." in capsys.readouterr().out
    np.testing.assert_allclose(readout(np.eye(2), np.eye(2), np.ones(2)), np.eye(2) + 1)  # type: ignore[operator]


def test_one_wrong_function_replaces_all_that_were_asked_for_together(tmp_path: Path) -> None:
    """A pair shares a cache, so it is never mixed."""
    folder = unit_folder(tmp_path, SOLVED_UNIT_1.replace("h @ Why + by", "h @ Why - by"))
    functions = upstream("01_vanilla_rnn", "rnn_cell", "readout", folder=folder, quiet=True)
    assert functions == (stand_ins.rnn_cell, stand_ins.readout)


def test_the_neighbouring_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook in its own folder finds the earlier unit beside it."""
    folder = unit_folder(tmp_path, SOLVED_UNIT_1)
    (tmp_path / "02_bptt").mkdir()
    monkeypatch.chdir(tmp_path / "02_bptt")
    function = upstream("01_vanilla_rnn", "readout", quiet=True)
    assert function.__code__.co_filename == str(folder / "vanilla_rnn.py")  # type: ignore[union-attr]


def test_loading_a_module_leaves_the_import_path_as_it_was(tmp_path: Path) -> None:
    """Files beside the module are importable while it loads, and not afterwards."""
    folder = unit_folder(tmp_path, "from helper_beside_it import answer\n")
    (folder / "helper_beside_it.py").write_text("answer = 42\n", encoding="utf-8")
    before = list(sys.path)
    assert load_module(folder / "vanilla_rnn.py").answer == 42
    assert sys.path == before


@pytest.mark.parametrize(
    ("words", "error", "complaint"),
    [
        (("09_nothing", "rnn_cell"), LookupError, "known: 01_vanilla_rnn, 02_bptt"),
        (("01_vanilla_rnn", "rnn_sell"), LookupError, "there is no 'rnn_sell'"),
        (("01_vanilla_rnn",), ValueError, "name at least one function"),
    ],
)
def test_upstream_names_what_it_does_not_have(words: tuple[str, ...], error: type[Exception], complaint: str) -> None:
    """An unknown unit or function is an error with the known ones."""
    with pytest.raises(error, match=complaint):
        upstream(*words)


def test_stand_ins_agree_with_the_reference(bptt: ModuleType) -> None:
    """Every stand-in of unit 2 gives the reference's forward values and gradients."""
    rng = np.random.default_rng(0)
    N, T, D, H, V = 3, 5, 4, 6, 7
    inputs = [rng.standard_normal(shape) for shape in ((N, T, D), (N, H), (D, H), (H, H), (H,))]
    step_inputs = [inputs[0][:, 0], *inputs[1:]]
    affine_inputs = [inputs[0], rng.standard_normal((D, V)), rng.standard_normal(V)]
    pairs = [("rnn_step", step_inputs), ("rnn", inputs), ("temporal_affine", affine_inputs)]
    for name, arguments in pairs:
        results = []
        for module in (bptt, stand_ins):
            value, cache = getattr(module, f"{name}_forward")(*arguments)
            results.append([value, *getattr(module, f"{name}_backward")(np.cos(value), cache)])
        for expected, got in zip(*results, strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-12, err_msg=name)


def test_the_stand_in_loss_agrees_with_the_reference(bptt: ModuleType) -> None:
    """Loss and gradient, with a mask."""
    rng = np.random.default_rng(1)
    scores, y, mask = rng.standard_normal((3, 5, 4)), rng.integers(0, 4, (3, 5)), rng.random((3, 5)) < 0.5
    expected_loss, expected_gradient = bptt.temporal_softmax_loss(scores, y, mask)
    loss, gradient = stand_ins.temporal_softmax_loss(scores, y, mask)
    assert loss == pytest.approx(expected_loss)
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-12)


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_the_stand_in_clips_like_the_reference(bptt: ModuleType, max_norm: float) -> None:
    """Above and below the limit (torch adds 1e-6 to the norm it divides by)."""
    grads = {"a": np.arange(6.0).reshape(2, 3), "b": np.ones(4)}
    expected, expected_norm = bptt.clip_grad_norm(grads, max_norm)
    got, norm = stand_ins.clip_grad_norm(grads, max_norm)
    assert norm == pytest.approx(expected_norm)
    for name in grads:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-5)
