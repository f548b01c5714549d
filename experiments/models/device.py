"""Where models compute: the device a run asks for, and bfloat16 training through accelerate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from mari_theory.errors import require

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Precisions that models can compute in."""
EXACT = ("float32", "float64")
"""Those in which a likelihood does not depend on what else is in its batch, up to rounding that does not matter."""


@dataclass(frozen=True)
class Computing:
    """Where and how precisely a command runs its models. Raises `ArgumentError` on a precision that is not known."""

    device: str = "auto"
    """`auto` (the machine's accelerator, else the CPU) or a name."""
    dtype: str = "float32"
    """Of weights and computation: float32, float64, bfloat16 or float16."""

    def __post_init__(self) -> None:
        require(self.dtype in DTYPES, "--dtype", ", ".join(DTYPES), self.dtype)

    def said(self) -> dict[str, str]:
        """What evidence says of it, where it is not as always."""
        return {} if self.dtype == "float32" else {"dtype": self.dtype}


AS_USUAL = Computing()
"""On the machine's accelerator where there is one, in float32."""


def find_device(name: str = "auto") -> torch.device:
    """`auto` is the accelerator of this machine, else the CPU. Guarantees are counted in float64: a device must have it (MPS has not).

    Raises `ArgumentError` on a device that is not there or has no float64.

    >>> find_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return device if device is not None and _refusal(str(device)) is None else torch.device("cpu")
    refusal = _refusal(name)
    require(refusal is None, "device", "auto, cpu or an accelerator of this machine with float64", f"{name}: {refusal}")
    return torch.device(name)


def _refusal(name: str) -> str | None:
    try:
        torch.empty(0, dtype=torch.float64, device=torch.device(name))
    except (RuntimeError, AssertionError, TypeError) as e:
        return str(e).splitlines()[0]
    return None


def device_of(model: Any) -> torch.device:
    """Where a model's weights are."""
    device: torch.device = next(model.parameters()).device
    return device


def to_train(model: Any, half_precision: bool, device: torch.device) -> Any:
    """The model on its device; `half_precision` computes in bfloat16 on float32 weights (mixed precision)."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)  # a second run in one process may choose otherwise
    accelerator = Accelerator(mixed_precision="bf16" if half_precision else "no", cpu=device.type == "cpu")
    return accelerator.prepare_model(model.to(device), device_placement=False)


def plain(model: Any) -> Any:
    """The model without what `to_train` put around it."""
    from accelerate.utils import extract_model_from_parallel

    return extract_model_from_parallel(model, keep_fp32_wrapper=False)
