"""The one door to torch below `experiments`, opened inside functions that are given tensors or train critics.

The Jensen-Shannon divergence of tensors has its gradient in closed form: nothing but the inputs is kept for the backward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import array_api_compat.torch
import numpy as np
import torch as torch
from torch import Tensor as Tensor

from mari_theory.kernels.arrays import Namespace, jensen_shannon_terms
from mari_theory.kernels.half_weight import half_weight_rows
from mari_theory.units import FloatValues

xp = cast(Namespace, array_api_compat.torch)
_CHUNK_CPU, _CHUNK_ACCELERATOR = 1 << 17, 1 << 24


def jensen_shannon_rows(p: Tensor, q: Tensor, weight: float, log: bool) -> Tensor:
    """JSD_w along the last axis of two tensors of equal shape."""
    value: Tensor = _JensenShannon.apply(p.reshape(-1, p.shape[-1]), q.reshape(-1, q.shape[-1]), weight, log)  # type: ignore[no-untyped-call]
    return value.reshape(p.shape[:-1])


class _JensenShannon(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(p: Tensor, q: Tensor, weight: float, log: bool) -> Tensor:
        if weight == 0.5 and p.device.type == "cpu" and p.numel():
            return torch.from_numpy(half_weight_rows(p.detach().numpy(), q.detach().numpy(), log))
        parts = [xp.sum(jensen_shannon_terms(xp, p[rows], q[rows], weight, log), axis=-1) for rows in _chunks(p)]
        return torch.cat(cast(list[Tensor], parts)) if parts else p.new_empty(0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, float, bool], output: Tensor) -> None:
        p, q, ctx.weight, ctx.log = inputs
        ctx.save_for_backward(p, q)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        p, q = ctx.saved_tensors
        (g,) = upstream
        of_p = _gradient(p, q, 1.0 - ctx.weight, ctx.log, g) if ctx.needs_input_grad[0] else None
        of_q = _gradient(q, p, ctx.weight, ctx.log, g) if ctx.needs_input_grad[1] else None
        return of_p, of_q, None, None

    @staticmethod
    def vmap(info: Any, dims: tuple[Any, ...], p: Tensor, q: Tensor, weight: float, log: bool) -> tuple[Tensor, int]:
        p, q = (
            x.expand(info.batch_size, *x.shape) if d is None else x.movedim(d, 0)
            for x, d in zip((p, q), dims, strict=False)
        )
        return jensen_shannon_rows(p, q, weight, log), 0


def _gradient(x: Tensor, y: Tensor, share: float, log: bool, upstream: Tensor) -> Tensor:
    """share ln(x/m), m = share x + (1-share) y: the derivative by x; times x for the derivative by ln x."""
    slope = _log_slope if log else _slope
    parts = [slope(x[rows], y[rows], share) * (share * upstream[rows, None]) for rows in _chunks(x)]
    return torch.cat(parts) if parts else torch.zeros_like(x)


# ln(m/x) through the gap between the logarithms, whose small values keep their digits.
def _log_slope(x: Tensor, y: Tensor, share: float) -> Tensor:
    gap = y - x
    absent = torch.isneginf(x)
    gap = torch.where(absent, torch.zeros_like(gap), gap)
    change = torch.expm1(-gap.abs())
    of_mixture = gap.clamp(min=0.0) + torch.log1p(torch.where(gap > 0, share, 1.0 - share) * change)
    return -x.exp() * of_mixture


def _slope(x: Tensor, y: Tensor, share: float) -> Tensor:
    # A floor under every normal number keeps the slope at 0 finite.
    floor = 1e-300 if x.dtype == torch.float64 else 1e-37
    mixture = (share * x + (1.0 - share) * y).clamp(min=floor)
    excess = (1.0 - share) * (x - y) / mixture
    near = excess > -0.5
    return torch.where(near, torch.log1p(torch.where(near, excess, 0.0)), x.clamp(min=floor).log() - mixture.log())


def _chunks(x: Tensor) -> Iterator[slice]:
    rows = max(1, (_CHUNK_CPU if x.device.type == "cpu" else _CHUNK_ACCELERATOR) // max(x.shape[1], 1))
    for top in range(0, x.shape[0], rows):
        yield slice(top, top + rows)


def with_gradient(x: Tensor, value: FloatValues, slope: FloatValues) -> Tensor:
    """A NumPy value as a tensor whose derivative by `x` is `slope` (implicit function theorem)."""
    base = torch.as_tensor(np.array(value), dtype=x.dtype, device=x.device)
    rate = torch.as_tensor(np.nan_to_num(np.array(slope)), dtype=x.dtype, device=x.device)
    return base + rate * (x - x.detach())
