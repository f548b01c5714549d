"""Detectors: what they find, and what is only chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.data.items import Corpus
from experiments.measures.detectors import attack, auc, blind_baseline, membership_attacks, origin_detectors, tpr_at
from experiments.measures.items import item_scores
from experiments.models.load import load_model


def test_attacks_find_a_planted_difference_and_no_other(models: Path, tokenizer, corpus: Corpus) -> None:
    model = load_model(models / "a").eval()
    seen = item_scores(model, tokenizer, corpus.forget)
    unseen = item_scores(model, tokenizer, corpus.holdout)
    fair = membership_attacks((seen, corpus.forget), (unseen, corpus.holdout))
    assert {a.name for a in fair} == {"loss", "zlib", "min-k", "min-k++"}
    assert all(a.tpr_at_1_percent is None for a in fair)  # 36 unseen items: too few for 1 %
    planted = attack("planted", -seen.loss + 50, -unseen.loss, (["x"] * 12, ["y"] * 36))
    assert planted.auc == 1.0 and planted.advantage_auc == 1.0


def test_auc_counts_ties_as_half() -> None:
    assert auc(np.array([1.0]), np.array([1.0])) == 0.5


def test_blind_baseline_sees_a_text_shift(corpus: Corpus) -> None:
    from dataclasses import replace

    marked = [replace(i, prompt=i.prompt + " certainly") for i in corpus.forget]
    assert blind_baseline(marked, corpus.holdout).auc > 0.95


def test_origin_detectors_prove_a_difference(rng: np.random.Generator) -> None:
    arm = np.repeat([0, 1], 400)
    texts = [f"word {'red' if rng.random() < (0.9 if a else 0.1) else 'blue'}" for a in arm]
    found = origin_detectors(texts, arm, {"noise": rng.normal(size=800)}, 0.99)
    assert found["text classifier"].jsd_lower > 0.1
    assert found["noise"].jsd_lower < 0.02


def test_tpr_needs_enough_negatives_and_covers() -> None:
    rng = np.random.default_rng(5)
    assert tpr_at(rng.normal(size=50), rng.normal(size=99), 0.01) is None
    assert tpr_at(rng.normal(size=50), rng.normal(size=999), 0.001) is None
    tpr, low, high = tpr_at(rng.normal(size=50) + 10, rng.normal(size=100), 0.01)
    assert tpr == 1.0 and low == pytest.approx(0.025 ** (1 / 50), abs=1e-9) and high == 1.0
    # Ties do not count as hits.
    assert tpr_at(np.zeros(30), np.zeros(400), 0.01)[0] == 0.0
