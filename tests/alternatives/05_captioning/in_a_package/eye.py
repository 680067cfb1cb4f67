"""What the network sees."""

import torch


def image_features(cnn, images):
    mode = cnn.training
    try:
        cnn.eval()
        with torch.set_grad_enabled(False):
            return cnn.get_submodule("trunk").forward(images).view(len(images), -1)
    finally:
        cnn.train(mode)
