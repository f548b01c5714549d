"""A pretend accelerator: tensors that say they are elsewhere, compute on the CPU, and refuse what a real one refuses.

Its name is `meta`, the one device besides the CPU that every build of torch accepts. Inside `second_device()`, `.to("meta")` moves a
tensor there with its values. Operations on tensors of both places, NumPy on a remote one, and reading a local table by a remote
index fail, as they do on a GPU; `.cpu()`, `.item()` and indices and single numbers from the CPU work, as they do there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

DEVICE = torch.device("meta")
aten = torch.ops.aten
BY_INDEX = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}
MOVES = {aten.copy_.default, aten._to_copy.default}


class Remote(torch.Tensor):
    """A tensor elsewhere; `inner` has its values."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Remote:
        layout = {"strides": inner.stride(), "storage_offset": inner.storage_offset()}
        made = torch.Tensor._make_wrapper_subclass(cls, inner.size(), dtype=inner.dtype, device=DEVICE, **layout)
        made.inner = inner
        return made

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["inner"], None

    @staticmethod
    def __tensor_unflatten__(parts: dict[str, torch.Tensor], *_: Any) -> Remote:
        return Remote(parts["inner"])

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})

    def tolist(self) -> Any:
        return self.inner.tolist()


class Operations(TorchDispatchMode):
    """Everything that reaches the dispatcher."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


class Literals(TorchFunctionMode):
    """`torch.tensor` goes past the dispatcher."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == DEVICE:
            del kwargs["device"]
            return func(*args, **kwargs).to(DEVICE)
        return func(*args, **kwargs)


class LocalGenerator:
    """A generator on any device is one here."""

    make = torch.Generator

    def __new__(cls, device: Any = None) -> Any:
        return cls.make()


@contextmanager
def second_device() -> Iterator[torch.device]:
    """While open, the device is there."""
    with mock.patch("torch.Generator", LocalGenerator), Literals(), Operations():
        yield DEVICE


def compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """One operation: refused across devices, else done on the CPU and its result put where it belongs."""
    flat, spec = tree_flatten((args, kwargs))
    tensors = [x for x in flat if isinstance(x, torch.Tensor)]
    remote = [x for x in tensors if isinstance(x, Remote)]
    local = [x for x in tensors if not isinstance(x, Remote) and x.dim() > 0]
    if remote and func in BY_INDEX:
        assert isinstance(args[0], Remote), f"{func}: a table on the CPU, an index on the device"
    elif remote and local and func not in MOVES:
        raise AssertionError(f"{func}: tensors on two devices")
    to = kwargs.get("device")
    there = isinstance(args[0], Remote) if func is aten.copy_.default else bool(remote) if to is None else to == DEVICE
    plain = [
        x.inner if isinstance(x, Remote) else torch.device("cpu") if isinstance(x, torch.device) else x for x in flat
    ]
    inner_args, inner_kwargs = tree_unflatten(plain, spec)
    out = func(*inner_args, **inner_kwargs)
    if not there:
        return out
    wrapped = tree_map(lambda x: Remote(x) if isinstance(x, torch.Tensor) else x, out)
    return return_and_correct_aliasing(func, args, kwargs, wrapped) if remote else wrapped
