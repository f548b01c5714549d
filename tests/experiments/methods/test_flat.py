"""FLAT: the values of its table, the signs of its gradient, probabilities by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.data.encoding import encode
from experiments.data.items import Item
from experiments.methods import make_method
from experiments.methods.flat import FLAT, flat_objective
from mari_theory.fenchel import FENCHEL
from tests.experiments.methods.fixed import Fixed

FLAT_TABLE = {
    "total-variation": (0.0, -0.380797, 0.380797, 0.0),
    "kl": (0.367879, -0.632121, 1.0, 0.0),
    "jensen-shannon": (0.0, -0.379885, 0.620115, 0.240229),
    "pearson": (0.0, -1.0, 1.25, 0.25),
}


@pytest.mark.parametrize("divergence", FLAT_TABLE)
def test_flat_has_the_values_of_its_table(divergence: str) -> None:
    for (e, u), wanted in zip(((0, 0), (1, 0), (0, 1), (1, 1)), FLAT_TABLE[divergence], strict=True):
        template, forget = (torch.tensor(float(x), dtype=torch.float64) for x in (e, u))
        assert float(flat_objective(template, forget, divergence)) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("divergence", FENCHEL)
def test_flat_wants_the_template_likelier_and_the_forget_answer_unlikelier(divergence: str) -> None:
    e, u = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.3, 0.6))
    flat_objective(e, u, divergence).backward()
    assert e.grad is not None and u.grad is not None and float(e.grad) < 0 < float(u.grad)


def test_flat_probabilities_by_hand(tokenizer: Any) -> None:
    """Two answer tokens at probability 1/4 each: the paper averages them, the official code divides by the padded length less one."""
    table = torch.full((len(tokenizer), len(tokenizer)), 0.0, dtype=torch.float64)
    model = Fixed(table)
    data = encode(tokenizer, [Item("x", "oslo", "a"), Item("x : x", "oslo", "b")])
    uniform = 1 / len(tokenizer)
    as_printed, as_released = make_method("flat"), make_method("flat", mode="official")
    assert isinstance(as_printed, FLAT) and isinstance(as_released, FLAT)
    paper = as_printed.probability(model, data)
    assert paper.tolist() == pytest.approx([uniform, uniform])
    official = as_released.probability(model, data)
    width = data.input_ids.shape[1] - 1
    assert float(official.detach()) == pytest.approx(4 * uniform / (2 * width))
