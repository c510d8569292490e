"""What shares memory in NumPy shares it under @jit: a write to one side, a look at the other."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import TraceError

X = np.arange(12.0).reshape(3, 4)

RESULTS = {
    "astype": lambda x: x.astype(x.dtype),
    "astype other": lambda x: x.astype(np.float32).astype(np.float64),
    "copy": lambda x: x.copy(),
    "np.copy": np.copy,
    "asarray": jnp.asarray,
    "array": jnp.array,
    "T": lambda x: x.T,
    "T.T": lambda x: x.T.T,
    "mT": lambda x: x.mT,
    "transpose": np.transpose,
    "permute_dims": lambda x: jnp.permute_dims(x, (0, 1)),
    "reshape to the same": lambda x: x.reshape(x.shape),
    "reshape with 1": lambda x: x.reshape(1, 3, 4),
    "flatten": lambda x: x.flatten(),
    "[:]": lambda x: x[:],
    "[...]": lambda x: x[...],
    "[None]": lambda x: x[None],
    "[0]": lambda x: x[0],
    "[::-2]": lambda x: x[::-2],
    "[:, 1:3]": lambda x: x[:, 1:3],
    "squeeze": np.squeeze,
    "squeeze method": lambda x: x.squeeze(),
    "atleast_2d": np.atleast_2d,
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "swapaxes": lambda x: np.swapaxes(x, 0, 0),
    "moveaxis": lambda x: np.moveaxis(x, 0, 0),
    "flip nothing": lambda x: np.flip(x, ()),
    "flip": lambda x: np.flip(x, 0),
    "fliplr": np.fliplr,
    "split": lambda x: np.split(x, 3)[0],
    "split in 1": lambda x: np.split(x, 1)[0],
    "hsplit": lambda x: np.hsplit(x, 2)[1],
    "iteration": lambda x: list(x)[0],
    "concatenate": lambda x: np.concatenate([x]),
    "stack": lambda x: np.stack([x]),
    "hstack": lambda x: np.hstack([x]),
    "roll": lambda x: np.roll(x, 0),
    "tile": lambda x: np.tile(x, 1),
    "repeat": lambda x: np.repeat(x, 1, 0),
    "pad": lambda x: np.pad(x, 0),
    "where": lambda x: np.where(True, x, x),
    "clip": lambda x: np.clip(x, -100, 100),
    "round": np.round,
    "nan_to_num": np.nan_to_num,
    "meshgrid": lambda x: np.meshgrid(x[0])[0],
    "sum over nothing": lambda x: np.sum(x, axis=()),
    "mean over nothing": lambda x: np.mean(x, axis=()),
    "tril": lambda x: np.tril(x, 10),
    "positive": lambda x: +x,
    "abs": abs,
    "maximum": lambda x: np.maximum(x, x),
    "power 1": lambda x: x**1,
    "times 1": lambda x: x * 1,
    "real": lambda x: x.real,
}


@pytest.mark.parametrize("name", RESULTS)
def test_writes_show_where_numpy_shows_them(name):
    def write_result(x):
        x = x + 0
        y = RESULTS[name](x)
        y += 1
        return x, y

    def write_source(x):
        x = x + 0
        y = RESULTS[name](x)
        x += 1
        return x, y

    for function in (write_result, write_source):
        for got, expected in zip(jf.jit(function)(X), function(X), strict=True):
            np.testing.assert_array_equal(got, expected, strict=True)


@pytest.mark.parametrize("function", [np.ravel, lambda x: x.reshape(4, 3)])
def test_what_depends_on_strides_is_refused(function):
    def f(x):
        y = x + 0
        part = function(y)
        part += 1
        return y

    with pytest.raises(TraceError, match="a copy or a view"):
        jf.jit(f)(X)
