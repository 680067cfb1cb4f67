import torch


def caption_loss(scores, targets):
    log_p = scores - torch.logsumexp(scores, 2, keepdim=True)
    there = (targets != 0).to(scores.dtype)
    return -(log_p.gather(2, targets[:, :, None])[:, :, 0] * there).sum() / scores.shape[0]
