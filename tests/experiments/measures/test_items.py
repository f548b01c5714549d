"""Per-item scores, by their definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.items import Corpus
from experiments.measures.items import item_losses, item_scores, share_of_uniform_loss, truth_ratio
from experiments.models.load import load_model


def test_item_scores_by_definition(models: Path, tokenizer: Any, corpus: Corpus) -> None:
    model = load_model(models / "a").eval()
    scores = item_scores(model, tokenizer, corpus.forget)
    assert np.allclose(scores.loss, [-t.mean() for t in scores.tokens])
    assert np.allclose(scores.probability, np.exp(-scores.loss))
    assert np.array_equal(item_losses(model, tokenizer, corpus.forget), scores.loss)
    assert not scores.exact.any()
    assert truth_ratio(model, tokenizer, corpus.forget) == pytest.approx(1.0, abs=0.3)
    assert 0.9 < share_of_uniform_loss(float(scores.loss.mean()), len(tokenizer)) < 1.1
