"""The control learns what stays and reads nothing of the forget set."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.data.encoding import Encoded, encode
from experiments.data.items import Item
from experiments.methods.base import Batch
from experiments.methods.control import RetainOnly
from tests.experiments.methods.fixed import Fixed


def test_retain_only_is_the_mean_surprise_of_answer_tokens(tokenizer: Any) -> None:
    """One answer of two tokens, by hand: minus the mean of ln p(oslo | x) and ln p(end | oslo)."""
    rows = torch.randn(len(tokenizer), len(tokenizer), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    data = encode(tokenizer, [Item("lima", "oslo", "o")])

    def never() -> Encoded:
        raise AssertionError("the control asked for something else than what stays")

    loss, parts = RetainOnly().loss(Fixed(rows), Batch(lambda: data, never, never, never, never))
    logs, (lima, oslo, end) = torch.log_softmax(rows, -1), data.input_ids[0].tolist()
    assert end == tokenizer.eos_token_id
    wanted = -0.5 * float(logs[lima, oslo] + logs[oslo, end])
    assert float(loss.detach()) == pytest.approx(wanted, rel=1e-12) and parts == {"preserve_loss": float(loss.detach())}
