"""One reading of a whole set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.data.encoding import answer_log_probs, encode
from experiments.data.items import Corpus
from experiments.models.load import load_model
from experiments.models.passes import full_pass, full_pass_mean


def test_full_pass_mean_is_the_mean_of_item_means(models: Path, tokenizer: Any, corpus: Corpus) -> None:
    model = load_model(models / "a").eval()
    data = encode(tokenizer, corpus.forget)
    whole = full_pass_mean(model, data, 100)
    assert whole.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.allclose(whole, full_pass_mean(model, data, 3), atol=1e-8)


def test_accuracy_is_the_share_of_answer_tokens_that_come_first(corpus: Corpus, tokenizer: Any, schooled: Any) -> None:
    data = encode(tokenizer, corpus.holdout)
    with torch.no_grad():
        guessed = answer_log_probs(schooled, data).argmax(-1)
    right = [bool(g == t) for row in zip(guessed, data.targets, data.answer_mask) for g, t, on in zip(*row) if on]  # noqa: B905
    made = full_pass(schooled, data, size=5)
    assert made.accuracy == pytest.approx(sum(right) / len(right)) and 0.3 < made.accuracy < 1.0
