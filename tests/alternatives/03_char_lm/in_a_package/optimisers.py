"""Updates whose state lives in objects between calls, as far as a dict allows."""

import numpy as np

DEFAULTS = {
    "adagrad": {"learning_rate": 0.1, "epsilon": 1e-8, "cache": None},
    "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "m": None, "v": None, "t": 0},
}


def filled(kind, config, w):
    config = DEFAULTS[kind] | (config or {})
    return {name: np.zeros(w.shape) if value is None else value for name, value in config.items()}


def adagrad_step(w, dw, config=None):
    config = filled("adagrad", config, w)
    np.add(config["cache"], np.multiply(dw, dw), out=config["cache"])
    scale = config["learning_rate"] / (np.sqrt(config["cache"]) + config["epsilon"])
    return w - scale * dw, config


def adam_step(w, dw, config=None):
    config = filled("adam", config, w)
    t = config["t"] = config["t"] + 1
    m, v = config["m"], config["v"]
    m *= config["beta1"]
    m += (1 - config["beta1"]) * dw
    v *= config["beta2"]
    v += (1 - config["beta2"]) * dw**2
    step = m / (1 - config["beta1"] ** t)
    step /= np.sqrt(v / (1 - config["beta2"] ** t)) + config["epsilon"]
    return w + (-config["learning_rate"]) * step, config
