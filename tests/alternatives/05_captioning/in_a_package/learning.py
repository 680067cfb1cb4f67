"""Loss and update."""

from torch.nn.functional import cross_entropy

from .words import PAD


def caption_loss(scores, targets):
    """Caption by caption, the words of each only."""
    losses = []
    for row, wanted in zip(scores, targets, strict=True):
        real = wanted != PAD
        losses.append(cross_entropy(row[real], wanted[real], reduction="sum"))
    return sum(losses) / len(losses)


def training_step(model, optimizer, v, captions):
    model.zero_grad()
    loss = caption_loss(model.forward(v, captions[:, :-1]), captions[:, 1:])
    loss.backward()
    optimizer.step()
    return loss.item()
