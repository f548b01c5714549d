"""Gradients of divergences of torch tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import mari_theory as mt

if TYPE_CHECKING:
    from torch import Tensor


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("weight", [0.5, 0.3])
def test_gradients_flow_and_match_finite_differences(log: bool, weight: float) -> None:
    torch = pytest.importorskip("torch")
    logits = torch.randn(3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)

    def value(z: Tensor) -> Tensor:
        laws = torch.log_softmax(z, -1) if log else torch.softmax(z, -1)
        return mt.jensen_shannon(laws[0], laws[1:], weight, log=log, check=False)

    assert torch.autograd.gradcheck(value, (logits,), eps=1e-6, atol=1e-8)
    assert torch.autograd.gradgradcheck(value, (logits,), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("weight", [0.5, 0.2])
@pytest.mark.parametrize("gap", [1e-5, 0.5, 30.0])
def test_single_precision_gradients_keep_their_digits(weight: float, gap: float, rng: np.random.Generator) -> None:
    """The derivative by ln q is w q ln(q/m); near m both factors are small and a plain difference of logarithms is noise."""
    torch = pytest.importorskip("torch")
    log_p = torch.log_softmax(torch.from_numpy(rng.normal(size=(40, 9_001))).float(), -1)
    log_q = torch.log_softmax(log_p + gap * torch.from_numpy(rng.normal(size=log_p.shape)).float(), -1).requires_grad_()
    mt.jensen_shannon(log_p, log_q, weight, log=True, check=False).sum().backward()
    p, q = log_p.double(), log_q.detach().double()
    lifted = torch.expm1(p - q)
    exact = -weight * q.exp() * torch.log1p((1 - weight) * lifted)
    assert log_q.grad is not None
    assert torch.allclose(log_q.grad.double(), exact, rtol=3e-5, atol=1e-37)


def test_batched_gradients_by_function_transforms(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    p, q = (torch.from_numpy(rng.dirichlet(np.ones(5), size=3)) for _ in range(2))
    one_by_one = torch.stack([torch.func.grad(mt.jensen_shannon)(p[0], x, check=False) for x in q])
    slope = torch.func.grad(lambda a, b: mt.jensen_shannon(a, b, check=False))
    assert torch.allclose(torch.func.vmap(slope, in_dims=(None, 0))(p[0], q), one_by_one)
    assert mt.jensen_shannon(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0,)


def test_impossible_outcomes_have_no_slope_in_logarithms() -> None:
    torch = pytest.importorskip("torch")
    p = torch.tensor([-math.inf, -math.inf, 0.0])
    q = torch.tensor([-math.inf, math.log(0.5), math.log(0.5)], requires_grad=True)
    mt.jensen_shannon(p, q, log=True).backward()
    assert q.grad is not None and q.grad.tolist() == pytest.approx([0.0, 0.25 * math.log(2), 0.25 * math.log(2 / 3)])


def test_zero_probabilities_give_finite_gradients() -> None:
    torch = pytest.importorskip("torch")
    logits = torch.tensor([0.0, -math.inf, 1.0], dtype=torch.float64)
    other = torch.tensor([0.0, 1.0, -math.inf], dtype=torch.float64, requires_grad=True)
    mt.jensen_shannon(torch.log_softmax(logits, 0), torch.log_softmax(other, 0), log=True).backward()
    assert not bool(torch.isnan(other.grad[:2]).any())
