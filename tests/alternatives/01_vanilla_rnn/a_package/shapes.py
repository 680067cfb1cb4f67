"""Own asserts."""


def expect_shape(array, shape):
    assert array.ndim == len(shape), f"{array.ndim} axes"
    assert all(want in (None, have) for have, want in zip(array.shape, shape, strict=True)), array.shape
