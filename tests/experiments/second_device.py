"""A pretend accelerator: tensors that say they are elsewhere, compute on the CPU, and refuse what a real one refuses.

Its name is `meta`, the one device besides the CPU that every build of torch accepts. Inside `second_device()`, `.to("meta")` moves a
tensor there with its values. Operations on tensors of both places, NumPy on a remote one, and reading a local table by a remote
index fail, as they do on a GPU; `.cpu()`, `.item()` and indices and single numbers from the CPU work, as they do there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest import mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_map

DEVICE = torch.device("meta")
aten = torch.ops.aten
BY_INDEX = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}
MOVES = {aten.copy_.default, aten._to_copy.default}


class Remote(torch.Tensor):
    """A tensor elsewhere; `held` has its values."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> Remote:
        strides, start = held.stride(), held.storage_offset()
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.size(), strides=strides, storage_offset=start, dtype=held.dtype, device=DEVICE
        )
        made.held = held
        return made

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["held"], None

    @staticmethod
    def __tensor_unflatten__(parts: dict[str, torch.Tensor], *_: Any) -> Remote:
        return Remote(parts["held"])

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch declares a plain function where it calls a class method
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return compute(func, args, kwargs or {})

    def tolist(self) -> Any:
        return self.held.tolist()


class Operations(TorchDispatchMode):
    """Everything that reaches the dispatcher."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing here is compiled: no guard around every operation."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


def on_any_device(make: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """`torch.tensor` and `torch.as_tensor` go past the dispatcher."""

    def made(data: Any, *, device: Any = None, **kwargs: Any) -> torch.Tensor:
        there = device == DEVICE
        out = make(data, device=None if there else device, **kwargs)
        return out.to(DEVICE) if there else out

    return made


class LocalGenerator:
    """A generator on any device is one here."""

    make = torch.Generator

    def __new__(cls, device: Any = None) -> Any:
        return cls.make()


@contextmanager
def second_device() -> Iterator[torch.device]:
    """While open, the device is there."""
    made: dict[str, Any] = {name: on_any_device(getattr(torch, name)) for name in ("tensor", "as_tensor")}
    operations = Operations()  # type: ignore[no-untyped-call]  # the constructor of torch has no annotations
    with mock.patch.multiple("torch", Generator=LocalGenerator, **made), operations:
        yield DEVICE


@cache
def aliases(func: Any) -> bool:
    """Does the operation change an argument, or return a view of it?"""
    return any(a.alias_info is not None for a in func._schema.arguments)


def compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """One operation: refused across devices, else done on the CPU and its result put where it belongs."""
    remote = local = False

    def here(x: Any) -> Any:
        """The same on the CPU; the places of tensors are noted."""
        nonlocal remote, local
        if isinstance(x, Remote):
            remote = True
            return x.held
        if isinstance(x, torch.Tensor):
            local = local or x.dim() > 0
        elif isinstance(x, torch.device):
            return torch.device("cpu")
        elif isinstance(x, (list, tuple)):
            return type(x)([here(y) for y in x])
        return x

    inner_args, inner_kwargs = here(args), {k: here(v) for k, v in kwargs.items()}
    if remote and func in BY_INDEX:
        assert isinstance(args[0], Remote), f"{func}: a table on the CPU, an index on the device"
    elif remote and local and func not in MOVES:
        raise AssertionError(f"{func}: tensors on two devices")
    to = kwargs.get("device")
    there = isinstance(args[0], Remote) if func is aten.copy_.default else remote if to is None else to == DEVICE
    out = func(*inner_args, **inner_kwargs)
    if not there:
        return out
    if isinstance(out, torch.Tensor):
        wrapped = Remote(out)
    else:
        wrapped = tree_map(lambda x: Remote(x) if isinstance(x, torch.Tensor) else x, out)
    return return_and_correct_aliasing(func, args, kwargs, wrapped) if remote and aliases(func) else wrapped
