"""Calls the functions of unit 5 with models and tensors made of plain arrays.

Models are in float64, and so is what a function makes without saying otherwise. One that insists on float32 is called
again with a model of that kind: a check must not fail for the precision in which everybody trains.
"""

import time

import numpy as np
import torch
from torch import nn

beat = globals().get("beat", print)  # reports progress to the judge; the worker puts it here

#: What is no function of the student's: see course.toml.
EXPERIMENTS = ("captioning_test",)

WEIGHTS = ("We", "Wx", "Wh", "b", "Wv", "bv", "Why", "by")

torch.use_deterministic_algorithms(True, warn_only=True)  # and torch.empty holds NaN, not what memory held


def _tensors(value, dtype):
    """Arrays as tensors, whole numbers as int64, all else as it is."""
    if isinstance(value, np.ndarray):
        return torch.tensor(value, dtype=dtype if value.dtype.kind == "f" else torch.int64)
    if isinstance(value, (list, tuple)):
        return type(value)(_tensors(item, dtype) for item in value)
    return value


def _in_either_precision(call):
    """Result of ``call(dtype)`` in float64 or, if that is refused for the type of numbers, in float32."""
    before = torch.get_default_dtype()
    try:
        for dtype in (torch.float64, torch.float32):
            torch.set_default_dtype(dtype)
            try:
                return call(dtype)
            except (RuntimeError, TypeError) as error:
                words = str(error).lower()
                if dtype is torch.float32 or not any(name in words for name in ("dtype", "double", "float")):
                    raise
        raise AssertionError  # the loop always returns or raises
    finally:
        torch.set_default_dtype(before)


def model_of(module, spec, dtype):
    """A CaptioningRNN of the student's module with given weights.

    Args:
        spec: dict: ``cell``, ``inject``, ``sizes`` [V, F, D, H], ``weights`` name -> array.
    """
    V, F, D, H = spec["sizes"]
    model = module.CaptioningRNN(V, F, D, H, spec["cell"], spec["inject"])
    parameters = weights_of(model)
    for name in WEIGHTS:
        wanted = torch.tensor(spec["weights"][name], dtype=dtype)
        if name not in parameters or parameters[name].shape != wanted.shape:
            raise LookupError(
                f"CaptioningRNN should have a parameter {name} of shape {tuple(wanted.shape)}; it is given"
            )
        parameters[name].data = wanted
    return model


def weights_of(model):
    """Name -> parameter, for those of the given names that there are; one may be a property, of a layer inside."""
    found = {name: getattr(model, name, None) for name in WEIGHTS}
    return {name: weight for name, weight in found.items() if isinstance(weight, nn.Parameter)}


def _with_gradients(result, leaves):
    """What a function returned, and the gradients of the sum of all of it: a check needs both to be right.

    Args:
        leaves: name -> tensor that requires a gradient.

    Returns:
        (result, gradients): name -> gradient, zero where none arrives; or why torch cannot go back, in its words.
    """
    total = _sum_of(result)
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return result, {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
    try:
        found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    except RuntimeError as error:  # of values that were changed in place afterwards, for example
        return result, str(error)
    pairs = zip(leaves.items(), found, strict=True)
    return result, {name: torch.zeros_like(leaf) if grad is None else grad for (name, leaf), grad in pairs}


def _sum_of(value):
    """The sum of all numbers in the tensors of a result."""
    if isinstance(value, torch.Tensor):
        return value.sum()
    return sum(map(_sum_of, value)) if isinstance(value, (list, tuple)) else 0.0


def _leaves(**arrays):
    return {name: array.clone().requires_grad_() for name, array in arrays.items()}


def _step(function, **arrays):
    """(what a cell returns, gradients); it gets copies of the leaves, which it may change in place."""

    def call(dtype):
        leaves = _leaves(**{name: _tensors(array, dtype) for name, array in arrays.items()})
        return _with_gradients(function(*(leaf.clone() for leaf in leaves.values())), leaves)

    return _in_either_precision(call)


def rnn_step(module, x, h, Wx, Wh, b):
    return _step(module.rnn_step, x=x, h=h, Wx=Wx, Wh=Wh, b=b)


def lstm_step(module, x, h, c, Wx, Wh, b):
    return _step(module.lstm_step, x=x, h=h, c=c, Wx=Wx, Wh=Wh, b=b)


def gru_step(module, x, h, Wx, Wh, b):
    return _step(module.gru_step, x=x, h=h, Wx=Wx, Wh=Wh, b=b)


class SmallCNN(nn.Module):  # type: ignore[misc]
    """What ``image_features`` gets: one convolution, batch normalisation, dropout; a head that must not count."""

    def __init__(self, weights, side, dtype):
        super().__init__()
        kernel, side = weights["kernel"], (side - 1) // 2
        norm = nn.BatchNorm2d(kernel.shape[0])
        self.trunk = nn.Sequential(nn.Conv2d(3, kernel.shape[0], 3, stride=2), norm, nn.ReLU(), nn.Dropout(0.5))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(kernel.shape[0] * side * side, 4))
        self.trunk[0].weight.data = torch.tensor(kernel, dtype=dtype)
        self.trunk[0].bias.data = torch.tensor(weights["bias"], dtype=dtype)
        norm.running_mean = torch.tensor(weights["mean"], dtype=dtype)
        norm.running_var = torch.tensor(weights["variance"], dtype=dtype)

    def forward(self, images):
        return self.head(self.trunk(images))


def image_features(module, weights, images, training):
    """(features, whether a gradient hangs on them)."""

    def call(dtype):
        torch.manual_seed(0)  # of dropout, if it is left on: the same wrong features each time
        cnn = SmallCNN(weights, images.shape[2], dtype).train(training)
        features = module.image_features(cnn, torch.tensor(images, dtype=dtype))
        return features, bool(getattr(features, "requires_grad", False))

    return _in_either_precision(call)


def start_state(module, spec, v):
    """(the state, gradients at the weights)."""

    def call(dtype):
        model = model_of(module, spec, dtype)
        return _with_gradients(module.start_state(model, _tensors(v, dtype)), weights_of(model))

    return _in_either_precision(call)


def _apart(tensor):
    """The same numbers, not in one piece, as training hands them on: a slice, or (N, T, V) made step by step."""
    if tensor.ndim == 3:
        return tensor.transpose(0, 1).contiguous().transpose(0, 1)
    larger = torch.zeros(*tensor.shape[:-1], tensor.shape[-1] + 1, dtype=tensor.dtype)
    larger[..., 1:] = tensor
    return larger[..., 1:]


def next_scores(module, spec, words, state, v, sliced=False):
    """(scores and state, gradients at the weights and at the state before); the words may be every second of more."""

    def call(dtype):
        model = model_of(module, spec, dtype)
        before = _leaves(**dict(zip("hc", _tensors(tuple(state), dtype), strict=False)))
        given = tuple(part.clone() for part in before.values())
        fed = _tensors(words, dtype)
        if sliced:
            fed, given = fed.repeat_interleave(2)[::2], tuple(_apart(part) for part in given)
        found = module.next_scores(model, fed, given, _tensors(v, dtype))
        return _with_gradients(found, weights_of(model) | before)

    return _in_either_precision(call)


def caption_scores(module, spec, v, words, sliced=False):
    """(scores, gradients at the weights); pictures and words may be slices."""

    def call(dtype):
        model = model_of(module, spec, dtype)
        fed = [_tensors(v, dtype), _tensors(words, dtype)]
        found = module.caption_scores(model, *(map(_apart, fed) if sliced else fed))
        return _with_gradients(found, weights_of(model))

    return _in_either_precision(call)


def caption_loss(module, scores, targets, sliced=False):
    """(loss, its gradient at the scores, or None if none hangs on it); both may be slices."""

    def call(dtype):
        at = torch.tensor(scores, dtype=dtype, requires_grad=True)
        given = [at, _tensors(targets, dtype)]
        loss = module.caption_loss(*(map(_apart, given) if sliced else given))
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return loss, None
        total = loss.sum()
        return loss.detach(), torch.autograd.grad(total, at, allow_unused=True)[0]

    return _in_either_precision(call)


class Watched(torch.optim.SGD):  # type: ignore[misc]  # torch is not looked into
    """Plain gradient descent that counts its steps."""

    steps = 0

    def step(self, closure=None):
        self.steps += 1
        return super().step(closure)


def training_step(module, spec, v, captions, lr):
    """(loss, weights after a step of plain gradient descent, steps made, are there gradients at the end).

    The gradients hold something beforehand.
    """

    def call(dtype):
        model = model_of(module, spec, dtype)
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer = Watched(model.parameters(), lr=lr)
        loss = module.training_step(model, optimizer, _tensors(v, dtype), _apart(_tensors(captions, dtype)))
        left = any(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
        return loss, {name: weight.detach() for name, weight in weights_of(model).items()}, optimizer.steps, left

    return _in_either_precision(call)


def greedy(module, spec, v, max_length):
    return _in_either_precision(
        lambda dtype: module.greedy(model_of(module, spec, dtype), _tensors(v, dtype), max_length)
    )


def beam_search(module, spec, v, width, max_length, alpha):
    def call(dtype):
        found = module.beam_search(model_of(module, spec, dtype), _tensors(v, dtype), width, max_length, alpha)
        try:
            return [int(word) for word in found]
        except (TypeError, ValueError, RuntimeError):
            return found  # no words: the check says what it is instead

    return _in_either_precision(call)


def captioning_test(module, settings, v, captions, others, known, known_captions):
    """Train the student's model with the student's functions, then let it describe pictures that it has not seen.

    Nothing here tells what is in the pictures to be described: their captions stay with the judge, and the seed in
    the settings is that of the training only.

    Args:
        settings: dict: ``cell``, ``inject``, ``sizes``, ``steps``, ``batch``, ``lr``, ``seed``, ``seconds`` (of
            processor time, after which training stops), ``max_length``, ``device``.
        v: (M, F) float32 features. captions: (M, K, L) int, K captions of each picture.
        others: (P, F) features of the pictures to describe.
        known, known_captions: (Q, F) features of still other pictures, (Q, L) int a caption of each: for the loss.

    Returns:
        words: (P, max_length) of ``greedy``; losses: (steps done,); before, after: each a pair of the weights, name ->
        array, and of what ``caption_loss`` says of the known captions then.
    """
    device = _device(settings["device"])
    torch.manual_seed(settings["seed"])
    V, F, D, H = settings["sizes"]
    model = module.CaptioningRNN(V, F, D, H, settings["cell"], settings["inject"]).to(device)

    def state_of_things():
        shown, said = torch.tensor(known, device=device), torch.tensor(known_captions, device=device)
        with torch.no_grad():
            loss = float(module.caption_loss(module.caption_scores(model, shown, said[:, :-1]), said[:, 1:]))
        return {name: weight.detach().cpu().clone() for name, weight in weights_of(model).items()}, loss

    before = state_of_things()
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["lr"])
    steps, batch = settings["steps"], settings["batch"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings["lr"], total_steps=steps)
    pictures, texts = torch.tensor(v, device=device), torch.tensor(captions, device=device)
    order = torch.Generator().manual_seed(settings["seed"])
    begun, losses, queue = time.process_time(), [], torch.zeros(0, dtype=torch.int64)
    for step in range(steps):
        if len(queue) < batch:
            queue = torch.cat([queue, torch.randperm(len(pictures), generator=order)])
        chosen, queue = queue[:batch], queue[batch:]
        which = torch.randint(texts.shape[1], (batch,), generator=order)
        said = texts[chosen.to(device), which.to(device)]
        said = said[:, : int((said != 0).sum(1).max())]
        losses.append(float(module.training_step(model, optimizer, pictures[chosen.to(device)], said)))
        schedule.step()
        if step % 50 == 49:
            beat(f"step {step + 1} of {steps}, loss {np.mean(losses[-50:]):.2f}")
        if time.process_time() - begun > settings["seconds"]:
            break
    with torch.no_grad():
        words = module.greedy(model, torch.tensor(others, device=device), settings["max_length"])
    return words, np.array(losses), before, state_of_things()


def _device(name):
    """The device of this name; "auto" is the first of cuda, mps, cpu that there is."""
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
