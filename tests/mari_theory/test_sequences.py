"""Information along tokens and rounds."""

from __future__ import annotations

import math

import pytest

from mari_theory.sequences import chain_rule_information, oracle_bound


def test_oracle_bound_is_the_triangle() -> None:
    assert oracle_bound(0.01, 0.0, 0.0) == pytest.approx(0.01)
    assert oracle_bound(0.3, 0.3, 0.3) == math.log(2)


def test_chain_rule_in_torch_keeps_gradients() -> None:
    torch = pytest.importorskip("torch")
    logits = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    rows = torch.log_softmax(logits, -1)
    chain_rule_information(rows[0], rows[1], torch.tensor([0, 1, 2])).backward()
    assert bool(torch.isfinite(logits.grad).all())
