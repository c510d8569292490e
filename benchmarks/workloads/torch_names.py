"""torch under NumPy's names, as far as the workloads use them: each is the idiomatic call."""

from types import SimpleNamespace
from typing import Any

from peers import import_torch


def torch_names() -> Any:
    """A namespace. What torch and NumPy name and call alike is torch's own."""
    torch = import_torch()

    def maximum(x, y):
        return torch.clamp(x, min=y) if not torch.is_tensor(y) else torch.maximum(x, y)

    def minimum(x, y):
        return torch.clamp(x, max=y) if not torch.is_tensor(y) else torch.minimum(x, y)

    def roll(x, shift, axis):
        return torch.roll(x, shift, axis)

    def gradient(x, axis):
        return torch.gradient(x, dim=axis)[0]

    ours = SimpleNamespace(
        maximum=maximum, minimum=minimum, roll=roll,
        max=lambda x, axis, keepdims=False: torch.amax(x, axis, keepdim=keepdims),
        min=lambda x, axis, keepdims=False: torch.amin(x, axis, keepdim=keepdims),
        sum=_reduction(torch.sum), mean=_reduction(torch.mean),
        var=lambda x, axis, keepdims=False: torch.var(x, axis, correction=0, keepdim=keepdims),
        std=lambda x, axis, keepdims=False: torch.std(x, axis, correction=0, keepdim=keepdims),
        concatenate=lambda parts, axis=0: torch.cat(parts, axis),
        stack=lambda parts, axis=0: torch.stack(parts, axis),
        transpose=lambda x, axes: x.permute(axes),
        sort=lambda x, axis=-1: torch.sort(x, axis).values,
        cumsum=lambda x, axis: torch.cumsum(x, axis),
        argmax=lambda x, axis: torch.argmax(x, axis),
        argmin=lambda x, axis: torch.argmin(x, axis),
        median=lambda x, axis: torch.quantile(x, 0.5, axis),
        einsum=torch.einsum, abs=torch.abs, gradient=gradient,
        maximum_accumulate=lambda x, axis: torch.cummax(x, axis).values,
        pad=lambda x, width: torch.nn.functional.pad(x, [n for w in width[::-1] for n in w]),
        eye=lambda n, dtype: torch.eye(n, dtype=getattr(torch, dtype)),
        float32=torch.float32, float64=torch.float64,
    )  # fmt: skip
    return _Names(vars(ours), torch)


def _reduction(function):
    def reduce(x, axis=None, keepdims=False):
        return function(x) if axis is None else function(x, axis, keepdim=keepdims)

    return reduce


class _Names:
    """`ours`, and torch's for the rest."""

    def __init__(self, ours: dict[str, Any], torch: Any) -> None:
        self.__dict__.update(ours)
        self._torch = torch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)
