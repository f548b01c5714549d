"""What a batch says of a model, by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.data.encoding import answer_log_probs, encode
from experiments.data.items import Item
from experiments.methods.signals import bent_square, confidence, pool, remember, soft_histogram
from tests.experiments.methods.fixed import Fixed


def test_soft_histograms_and_scalar_signals(tokenizer: Any) -> None:
    values = torch.tensor([0.0, 1.0, 0.5], dtype=torch.float64)
    assert soft_histogram(values, 3).tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    uniform = Fixed(torch.zeros(len(tokenizer), len(tokenizer), dtype=torch.float64))
    data = encode(tokenizer, [Item("x", "oslo", "r")])
    table = answer_log_probs(uniform, data)
    assert float(confidence(table, data, "entropy")[0].detach()) == pytest.approx(1.0)
    assert float(confidence(table, data, "likelihood")[0].detach()) == pytest.approx(1 / len(tokenizer))


def test_the_newest_batch_stands_for_the_bank_in_the_gradient() -> None:
    now = torch.tensor([[0.5, 0.5]], requires_grad=True)
    past = (torch.tensor([[0.9, 0.1], [0.2, 0.8]]), torch.tensor([3, 1]))
    means, counts = remember((now, torch.tensor([1])), [past])
    assert means.tolist()[0] == pytest.approx([0.8, 0.2]) and counts.tolist() == [4, 1]
    (gradient,) = torch.autograd.grad(means[0, 0], now)
    assert gradient.tolist() == [[1.0, 0.0]]


def test_the_bent_square_is_a_square_and_its_tangent() -> None:
    at = torch.tensor([-0.2, -0.05, 0.0, 0.03, 0.05, 0.2], dtype=torch.float64, requires_grad=True)
    value = bent_square(at)
    assert value.tolist() == pytest.approx([0.0175, 0.0025, 0.0, 0.0009, 0.0025, 0.0175])
    (slope,) = torch.autograd.grad(value.sum(), at)
    assert slope.tolist() == pytest.approx([-0.1, -0.1, 0.0, 0.06, 0.1, 0.1])


def test_pooling_averages_over_tokens_not_positions() -> None:
    means = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    assert pool(means, torch.tensor([3, 1])).tolist() == [0.75, 0.25]
