"""Character models: training that can be stopped and resumed, judging, and writing.

What is trained is the student's own. A model is anything with a ``loss`` that takes the state a chunk starts
from and returns the state it ends with: unit 3's vanilla network as a whole, or any cell given as a
step and its backward pass, whose state is a tuple (one array for an RNN or a GRU, two for an LSTM).
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from coursekit.progress import progress

Params = dict[str, np.ndarray]
State = tuple[np.ndarray, ...]
Batch = tuple[np.ndarray, np.ndarray]


def init_char_model(V: int, D: int, H: int, *, seed: int = 0, gates: int = 1) -> Params:
    """Weights of a character model, before training.

    Args:
        V: number of characters, D: numbers per embedded character, H: hidden units.
        seed: int. gates: blocks of H columns in ``Wx``, ``Wh`` and ``b``: 1 for a vanilla cell, 3 for a GRU, 4 for
            an LSTM.

    Returns:
        params: dict with ``We`` (V, D), ``Wx`` (D, gates * H), ``Wh`` (H, gates * H), ``b`` (gates * H,),
            ``Why`` (H, V), ``by`` (V,). Blocks of ``Wh`` are orthogonal; the readout starts small, so that no
            character is preferred.
    """
    rng = np.random.default_rng(seed)
    blocks = [np.linalg.qr(rng.standard_normal((H, H)))[0] for _ in range(gates)]
    return {
        "We": rng.standard_normal((V, D)),
        "Wx": rng.standard_normal((D, gates * H)) * 0.5 / np.sqrt(D),
        "Wh": np.concatenate(blocks, axis=1),
        "b": np.zeros(gates * H),
        "Why": rng.standard_normal((H, V)) * 0.1 / np.sqrt(H),
        "by": np.zeros(V),
    }


@dataclass(frozen=True)
class Layers:
    """The layers around the cell, in the order in which ``upstream`` is asked for them."""

    embedding_forward: Callable[..., Any]
    embedding_backward: Callable[..., Any]
    affine_forward: Callable[..., Any]
    affine_backward: Callable[..., Any]
    softmax_loss: Callable[..., Any]


@dataclass(frozen=True)
class CharModel:
    """A character model with a state that is carried from chunk to chunk.

    Args:
        loss: ``(params, x, y, state) -> loss, grads, next_state``; the loss is summed over time and divided by N.
        read: ``(params, x, state) -> h, scores, next_state``; no gradients.
        zero_state: ``(params, N) -> state`` that knows of no text yet.
    """

    loss: Callable[[Params, np.ndarray, np.ndarray, Any], tuple[float, Params, Any]]
    read: Callable[[Params, np.ndarray, Any], tuple[np.ndarray, np.ndarray, Any]]
    zero_state: Callable[[Params, int], Any]

    @classmethod
    def of(cls, module: Any) -> CharModel:
        """The vanilla network of a module of unit 3; the state is ``h``, (N, H)."""

        def read(params: Params, x: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            embedded, _ = module.word_embedding_forward(x, params["We"])
            h, _ = module.rnn_forward(embedded, state, params["Wx"], params["Wh"], params["b"])
            scores, _ = module.temporal_affine_forward(h, params["Why"], params["by"])
            return h, scores, h[:, -1]

        return cls(
            loss=lambda params, x, y, state: module.char_rnn_loss(params, x, y, state),  # as it is then, after edits
            read=read,
            zero_state=lambda params, N: np.zeros((N, params["Wh"].shape[0]), params["Wh"].dtype),
        )

    @classmethod
    def with_cell(
        cls, step_forward: Callable[..., Any], step_backward: Callable[..., Any], layers: Layers, *, states: int = 1
    ) -> CharModel:
        """Any cell between given layers; the state is a tuple of ``states`` arrays (N, H), the first of which is ``h``.

        Args:
            step_forward: ``(x, *state, Wx, Wh, b) -> *next_state, cache``.
            step_backward: ``(*dnext_state, cache) -> dx, *dprev_state, dWx, dWh, db``.
            layers: embedding, readout and loss.
            states: 1 for ``rnn_step_*`` and ``gru_step_*``, 2 for ``lstm_step_*``.
        """

        def run(params: Params, x: np.ndarray, state: State) -> tuple[Any, np.ndarray, list[Any], State]:
            embedded, embedding_cache = layers.embedding_forward(x, params["We"])
            h, caches = [], []
            for t in range(x.shape[1]):
                *following, cache = step_forward(embedded[:, t], *state, params["Wx"], params["Wh"], params["b"])
                state = tuple(following)
                h.append(state[0])
                caches.append(cache)
            return embedding_cache, np.stack(h, axis=1), caches, state

        def loss(params: Params, x: np.ndarray, y: np.ndarray, state: State) -> tuple[float, Params, State]:
            embedding_cache, h, caches, next_state = run(params, x, state)
            scores, readout_cache = layers.affine_forward(h, params["Why"], params["by"])
            value, dscores = layers.softmax_loss(scores, y, np.ones(y.shape, dtype=bool))
            dh, dWhy, dby = layers.affine_backward(dscores, readout_cache)
            sums: dict[str, Any] = dict.fromkeys(("Wx", "Wh", "b"), 0.0)
            later: State = tuple(np.zeros_like(part) for part in next_state)
            dembedded: list[Any] = [None] * x.shape[1]
            for t in reversed(range(x.shape[1])):
                returned = step_backward(dh[:, t] + later[0], *later[1:], caches[t])
                dembedded[t], later = returned[0], tuple(returned[1 : 1 + states])
                for name, share in zip(sums, returned[1 + states :], strict=True):
                    sums[name] = sums[name] + share
            dWe = layers.embedding_backward(np.stack(dembedded, axis=1), embedding_cache)
            return float(value), {"We": dWe, **sums, "Why": dWhy, "by": dby}, next_state

        def read(params: Params, x: np.ndarray, state: State) -> tuple[np.ndarray, np.ndarray, State]:
            _, h, _, next_state = run(params, x, state)
            return h, layers.affine_forward(h, params["Why"], params["by"])[0], next_state

        return cls(
            loss=loss,
            read=read,
            zero_state=lambda params, N: tuple(
                np.zeros((N, params["Wh"].shape[0]), params["Wh"].dtype) for _ in range(states)
            ),
        )


# Reading and writing


def read_text(
    model: CharModel, params: Params, ids: np.ndarray, *, streams: int = 32, warm_up: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """Let a model read a text once, each character with what came before it.

    The text is read in ``streams`` places at once, which is many times faster than one; every stream begins
    ``warm_up`` characters before its part, so that its state is in the swing where it counts. (In front of the
    text's beginning its first character is repeated.)

    Args:
        model, params: the model. ids: (M,) int.

    Returns:
        h: (M, H) hidden state after every character.
        scores: (M, V) for the character that follows each; the last one's are for the unknown.
    """
    ids = np.asarray(ids)
    streams = max(1, min(streams, len(ids) // (4 * warm_up + 1)))
    length = -(-len(ids) // streams)
    padded = np.concatenate([np.full(warm_up, ids[0]), ids, np.full(streams * length - len(ids), ids[-1])])
    x = np.stack([padded[n * length : (n + 1) * length + warm_up] for n in range(streams)])
    state, h, scores = model.zero_state(params, streams), [], []
    for start in range(0, x.shape[1], 256):
        h_chunk, scores_chunk, state = model.read(params, x[:, start : start + 256], state)
        h.append(h_chunk)
        scores.append(scores_chunk)
    joined = [np.concatenate(parts, axis=1)[:, warm_up:] for parts in (h, scores)]
    return tuple(part.reshape(-1, part.shape[-1])[: len(ids)] for part in joined)  # type: ignore[return-value]


def write_text(
    model: CharModel,
    params: Params,
    prompts: np.ndarray,
    length: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Let a model go on with several texts at once; each character is drawn and fed back.

    Args:
        model, params: the model. prompts: (N, K) int, what it reads first. length: characters to write.
        temperature: 1 draws from the model's own probabilities, 0 always takes the likeliest character.
        seed: int; the same seed draws the same texts.

    Returns:
        ids: (N, length) int64.

    A character is drawn with noise of Gumbel's distribution: the largest of score + noise falls on each character
    as often as the softmax says (Gumbel 1954).
    """
    rng = np.random.default_rng(seed)
    _, scores, state = model.read(params, np.asarray(prompts), model.zero_state(params, len(prompts)))
    written = []
    for _ in range(length):
        last = scores[:, -1]
        noise = rng.gumbel(size=last.shape)
        written.append(np.argmax(last + temperature * noise, axis=1))
        _, scores, state = model.read(params, written[-1][:, None], state)
    return np.stack(written, axis=1).astype(np.int64)


# Training


@dataclass
class CharHistory:
    """What was seen while training."""

    bits: list[float] = field(default_factory=list)  # of each update's chunk, bits per character, before the update
    norm: list[float] = field(default_factory=list)  # joint L2 norm of each update's gradients, before clipping
    seconds: list[float] = field(default_factory=list)  # processor time spent on updates so far, after each
    marks: list[tuple[int, float]] = field(default_factory=list)  # (updates so far, bits on held-out text)
    samples: list[tuple[int, str]] = field(default_factory=list)  # (updates so far, text written then)
    diverged_at: int | None = None  # the update at which loss or gradients were no longer finite

    def marks_in_seconds(self) -> list[tuple[float, float]]:
        """(processor seconds, bits on held-out text) of every mark."""
        return [(self.seconds[update - 1] if update else 0.0, bits) for update, bits in self.marks]


class CharRun:
    """Training that can be stopped at any time and goes on where it stopped.

    The batches are gone through in order, with the state carried from each to the next. Behind the last they begin
    again, with a zero state, since every stream then jumps back to its beginning.

    Args:
        model: what is trained. params: its weights to start from; they are copied.
        batches: list of ``(x, y)``, as ``tbptt_batches`` returns it.
        step: ``(w, dw, config) -> next_w, config``, such as ``adam_step``.
        lr: learning rate, or a function from the number of updates so far to it.
        clip: None, or ``clip(grads) -> clipped, norm``.
        judge: None, or ``judge(params) -> bits`` per character on held-out text.
        author: None, or ``author(params) -> text``, a sample.

    Raises:
        ValueError: there are no batches.
    """

    def __init__(
        self,
        model: CharModel,
        params: Params,
        batches: Sequence[Batch],
        step: Callable[..., Any],
        *,
        lr: float | Callable[[int], float],
        clip: Callable[[Params], tuple[Params, float]] | None = None,
        judge: Callable[[Params], float] | None = None,
        author: Callable[[Params], str] | None = None,
    ) -> None:
        if not len(batches):
            raise ValueError("there are no batches: is the text shorter than N * T characters?")
        self.model, self.batches, self.step, self.lr = model, batches, step, lr
        self.clip, self.judge, self.author = clip, judge, author
        self.params: Params = {name: np.array(value) for name, value in params.items()}
        self.configs: dict[str, dict[str, Any]] = {name: {} for name in params}
        self.state = model.zero_state(self.params, len(batches[0][0]))
        self.updates = 0
        self.history = CharHistory()

    def go(
        self,
        updates: int,
        *,
        every: int | None = None,
        keep: str | Path | None = None,
        picture: Callable[[CharHistory], Any] | None = None,
        label: str = "training",
        quiet: bool = False,
    ) -> CharHistory:
        """Train until so many updates have been made in all; a second call with the same number does nothing.

        Interrupting (Ctrl-C, or the notebook's stop button) loses at most the update at work: call again to go on.
        The result is that of a run that was never stopped, to the last bit.

        Args:
            updates: in all, those of earlier calls included.
            every: judge, write a sample, redraw the picture and keep the run after so many updates; None: at the
                end only.
            keep: file to keep the run in; if it exists and holds more updates than this run has made, they are
                taken over.
            picture: makes a figure of the history, shown below the cell and redrawn.
            label, quiet: as in ``progress``.

        Returns:
            history: of all calls together.
        """
        if keep is not None and Path(keep).is_file():
            self._take_over(Path(keep))
        screen = _Screen(picture)
        if not (self.history.marks or self.history.samples):
            self._mark()
        try:
            with threadpool_limits(1):  # the arrays are small: where others work too, a second thread only waits
                self._go_on(updates, every, keep, screen, progress(range(self.updates, updates), label, quiet=quiet))
        except KeyboardInterrupt:
            print(f"Stopped after {self.updates} of {updates} updates. Run this again to go on.")
            if keep is not None:
                self.save(keep)
        screen.show(self.history)
        return self.history

    def _go_on(
        self, updates: int, every: int | None, keep: str | Path | None, screen: _Screen, steps: Iterator[int]
    ) -> None:
        for _ in steps:
            self._update()
            if self.history.diverged_at is not None:
                print(f"The loss is no longer a number after {self.updates} updates. A smaller learning rate?")
                break
            if self.updates == updates or (every and self.updates % every == 0):
                self._mark()
                screen.show(self.history)
                if keep is not None:
                    self.save(keep)

    def _update(self) -> None:
        """One update; nothing is changed before all of it is computed."""
        started = time.process_time()
        place = self.updates % len(self.batches)
        x, y = self.batches[place]
        state = self.model.zero_state(self.params, len(x)) if place == 0 else self.state
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is noted below, not warned of
            loss, grads, state = self.model.loss(self.params, x, y, state)
            norm = float(np.sqrt(sum(float(np.vdot(grad, grad)) for grad in grads.values())))
        bits = float(loss) / (x.shape[1] * np.log(2))
        params, configs = self.params, self.configs
        if np.isfinite(bits) and np.isfinite(norm):
            if self.clip is not None:
                grads, _ = self.clip(grads)
            lr = self.lr(self.updates) if callable(self.lr) else self.lr
            params, configs = {}, {}
            for name, value in self.params.items():
                if np.shape(grads[name]) != value.shape:
                    raise ValueError(
                        f"the gradient of {name} has shape {np.shape(grads[name])}, {name} itself {value.shape}: "
                        "check the backward function that it comes from"
                    )
                config = {**self.configs[name], "learning_rate": lr}
                params[name], configs[name] = self.step(value, grads[name], config)
        else:
            self.history.diverged_at = self.updates
        spent = time.process_time() - started
        self.params, self.configs, self.state = params, configs, state
        self.updates += 1
        self.history.bits.append(bits)
        self.history.norm.append(norm)
        self.history.seconds.append(spent + (self.history.seconds[-1] if self.history.seconds else 0.0))

    def _mark(self) -> None:
        if self.judge is not None:
            self.history.marks.append((self.updates, float(self.judge(self.params))))
        if self.author is not None:
            self.history.samples.append((self.updates, self.author(self.params)))

    def save(self, path: str | Path) -> None:
        """Write the run to a file of plain arrays; reading it runs no code."""
        state = self.state if isinstance(self.state, tuple) else (self.state,)
        arrays: dict[str, np.ndarray] = {f"params/{name}": value for name, value in self.params.items()}
        arrays |= {f"state/{i}": part for i, part in enumerate(state)}
        for name, config in self.configs.items():
            arrays |= {f"config/{name}/{key}": np.asarray(value) for key, value in config.items()}
        history = self.history
        for key in ("bits", "norm", "seconds"):
            arrays[f"history/{key}"] = np.array(getattr(history, key))
        arrays["history/marks"] = np.array(history.marks, dtype=np.float64).reshape(-1, 2)
        arrays["history/sample_updates"] = np.array([update for update, _ in history.samples], dtype=np.int64)
        arrays["history/sample_texts"] = np.array([text for _, text in history.samples], dtype=np.str_)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_bytes(buffer.getvalue())
        unfinished.replace(path)  # readers see the old run or the new one

    def load(self, path: str | Path) -> None:
        """Take over the run in a file that ``save`` wrote; model, batches and settings must be the same as then.

        Raises:
            ValueError: the file holds another model, or no run at all.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(f"{path} is no run that could be resumed ({error}); delete it to begin anew") from None
        params = {key[7:]: value for key, value in arrays.items() if key.startswith("params/")}
        shapes = {name: value.shape for name, value in self.params.items()}
        if {name: value.shape for name, value in params.items()} != shapes:
            raise ValueError(f"{path} holds a run of another model; delete it to begin anew")
        state = tuple(arrays[f"state/{i}"] for i in range(sum(key.startswith("state/") for key in arrays)))
        expected = self.model.zero_state(self.params, len(self.batches[0][0]))
        if [part.shape for part in state] != [np.shape(part) for part in _parts(expected)]:
            raise ValueError(f"{path} holds a run with other batches; delete it to begin anew")
        self.params = params
        self.state = state if isinstance(expected, tuple) else state[0]
        self.configs = {name: {} for name in params}
        for key, value in arrays.items():
            if key.startswith("config/"):
                _, name, setting = key.split("/", 2)
                self.configs[name][setting] = value.item() if value.ndim == 0 else value
        self.history = CharHistory(
            bits=arrays["history/bits"].tolist(),
            norm=arrays["history/norm"].tolist(),
            seconds=arrays["history/seconds"].tolist(),
            marks=[(int(update), float(bits)) for update, bits in arrays["history/marks"]],
            samples=[
                (int(update), str(text))
                for update, text in zip(arrays["history/sample_updates"], arrays["history/sample_texts"], strict=True)
            ],
        )
        self.updates = len(self.history.bits)

    def _take_over(self, path: Path) -> None:
        """Go on with a kept run if it is further than this one."""
        other = CharRun(self.model, self.params, self.batches, self.step, lr=self.lr)
        other.load(path)
        if other.updates > self.updates:
            self.load(path)
            print(f"Going on after {self.updates} updates, kept in {path}.")


def _parts(state: Any) -> State:
    return state if isinstance(state, tuple) else (state,)


class _Screen:
    """A figure below the cell that is redrawn while the cell runs; nothing where there is no notebook."""

    def __init__(self, picture: Callable[[CharHistory], Any] | None) -> None:
        self._picture = picture
        self._handle: Any = None

    def show(self, history: CharHistory) -> None:
        if self._picture is None:
            return
        try:
            from IPython import get_ipython
            from IPython.display import display
        except ImportError:
            return
        if get_ipython() is None:
            return
        figure = self._picture(history)
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


def fading(peak: float, updates: int, *, rise: int = 100, floor: float = 0.05) -> Callable[[int], float]:
    """A learning rate that rises for ``rise`` updates, then falls along half a cosine to ``floor`` times its peak.

    Args:
        peak: the largest learning rate. updates: after so many it has reached its end, and stays there.

    Returns:
        lr: function from the number of updates so far to the learning rate.
    """

    def lr(update: int) -> float:
        if update < rise:
            return peak * (update + 1) / rise
        done = min(1.0, (update - rise) / max(1, updates - rise))
        return peak * (floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * done)))

    return lr
