"""Detectors: what they find, what is only chance, and their numbers against other libraries and by hand."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, binom, mannwhitneyu

from experiments.data.items import Corpus, Item
from experiments.measures.detectors import (
    FEWEST_OWNERS,
    Attack,
    attack,
    auc,
    blind_baseline,
    either_way,
    membership_attacks,
    membership_signals,
    origin_detectors,
    over_seeds,
    tpr_at,
)
from experiments.measures.items import ItemScores, item_scores
from experiments.models.load import load_model
from mari_theory import ArgumentError


def test_attacks_find_a_planted_difference_and_no_other(models: Path, tokenizer: Any, corpus: Corpus) -> None:
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
    apart = tpr_at(rng.normal(size=50) + 10, rng.normal(size=100), 0.01)
    assert apart is not None
    tpr, low, high = apart
    assert tpr == 1.0 and low == pytest.approx(0.025 ** (1 / 50), abs=1e-9) and high == 1.0
    # Ties do not count as hits.
    tied = tpr_at(np.zeros(30), np.zeros(400), 0.01)
    assert tied is not None and tied[0] == 0.0


def test_auc_is_the_mann_whitney_statistic(rng: np.random.Generator) -> None:
    for size in (1, 7, 40):
        # Whole numbers, so that ties are many.
        positive, negative = (rng.integers(0, *x).astype(float) for x in ((6, size), (5, 3 * size)))
        u = mannwhitneyu(positive, negative).statistic
        assert auc(positive, negative) == pytest.approx(u / (positive.size * negative.size), abs=1e-15)
        assert auc(positive, negative) == pytest.approx(1 - auc(negative, positive), abs=1e-15)
        turned = either_way(auc(-positive, -negative))
        assert either_way(auc(positive, negative)) == pytest.approx(turned, abs=1e-15) and turned >= 0.5


def test_a_rate_has_the_clopper_pearson_ends_of_its_count() -> None:
    """200 negatives 1..200: at 1 % the threshold is the second largest, 199; three of ten positives lie above it."""
    negative = np.arange(1.0, 201.0)
    positive = np.array([199.5, 300.0, 201.0, 199.0, 198.0, *([0.0] * 5)])
    found = tpr_at(positive, negative, 0.01)
    assert found is not None
    share, low, high = found
    assert share == 0.3
    assert low == pytest.approx(beta.ppf(0.025, 3, 8), abs=1e-12)
    assert high == pytest.approx(beta.ppf(0.975, 4, 7), abs=1e-12)
    # By definition: three or more hits at `low`, three or fewer at `high`, each with probability 2.5 %.
    assert binom.sf(2, 10, low) == pytest.approx(0.025, abs=1e-9) and binom.cdf(3, 10, high) == pytest.approx(0.025)
    with pytest.raises(ArgumentError, match="fpr"):
        tpr_at(positive, negative, 1.0)


def test_signals_by_hand() -> None:
    """Five tokens: min-k takes a fifth of them, the lowest one; more likely a member is larger everywhere."""
    tokens = np.array([-1.0, -2.0, -4.0, -0.5, -0.5])
    item = Item("q ?", "a b c d", "o")
    scores = ItemScores(np.array([1.6]), np.exp([-1.6]), np.array([True]), np.ones(1), [tokens], [tokens / 2])
    easier = [replace(scores, loss=np.array([x])) for x in (0.9, 1.1)]
    found = membership_signals(scores, [item], easier)
    packed = len(zlib.compress(b"q ? a b c d"))
    wanted = {"loss": -1.6, "zlib": -8.0 / packed, "min-k": -4.0, "min-k++": -2.0, "reference ratio": -0.6}
    assert {k: v.tolist() for k, v in found.items()} == {k: pytest.approx([v]) for k, v in wanted.items()}


def test_lira_needs_three_retrainings_and_is_a_standard_score() -> None:
    """Losses of the oracles 0.9, 1.0, 1.1 and 0.8, 1.0, 1.2: variances 0.01 and 0.04, each averaged with their mean 0.025."""
    tokens = np.array([-1.0])
    scores = ItemScores(
        np.array([1.6, 0.4]), np.ones(2), np.ones(2, dtype=bool), np.ones(2), [tokens] * 2, [tokens] * 2
    )
    items = [Item("q ?", "a", "o"), Item("r ?", "b", "o")]
    references = [replace(scores, loss=1.0 + k * np.array([0.1, 0.2])) for k in (-1, 0, 1)]
    assert "LiRA" not in membership_signals(scores, items, references[:2])
    found = membership_signals(scores, items, references)["LiRA"]
    np.testing.assert_allclose(found, [-0.6 / np.sqrt(0.0175), 0.6 / np.sqrt(0.0325)])


def test_few_authors_have_no_bootstrap(rng: np.random.Generator) -> None:
    for count, known in ((FEWEST_OWNERS - 1, False), (FEWEST_OWNERS, True)):
        few, many = [f"o{k}" for k in range(count)], [f"o{k}" for k in range(20)]
        found = attack("x", rng.normal(size=count), rng.normal(size=20), (few, many))
        assert (found.auc_low is not None) is known and (found.auc_high is not None) is known


def test_over_seeds_is_the_mean_and_the_outermost_ends() -> None:
    one, two = Attack("x", 0.5, 0.4, 0.6, (0.1, 0.0, 0.2)), Attack("x", 0.7, 0.6, 0.9, (0.3, 0.1, 0.5))
    both = over_seeds([one, two])
    assert both.auc == pytest.approx(0.6) and (both.auc_low, both.auc_high) == (0.4, 0.9)
    assert both.tpr_at_1_percent is not None and both.tpr_at_01_percent is None
    np.testing.assert_allclose(both.tpr_at_1_percent, (0.2, 0.0, 0.5))
    assert over_seeds([one]) == one and over_seeds([replace(one, auc_low=None)]).auc_low is None


def test_the_bootstrap_draws_authors_and_not_their_questions(rng: np.random.Generator) -> None:
    """Ten questions an author that score alike are one: repeating them must not narrow the interval."""
    of_authors = rng.normal(size=12)
    owners = [f"o{k}" for k in range(12)]
    once = attack("x", of_authors + 0.5, of_authors, (owners, owners), seed=3)
    shifted, plain = (np.repeat(x, 10) for x in (of_authors + 0.5, of_authors))
    many = attack("x", shifted, plain, ([o for o in owners for _ in range(10)],) * 2, seed=3)
    assert (many.auc, many.auc_low, many.auc_high) == pytest.approx((once.auc, once.auc_low, once.auc_high))
    assert once.auc_low is not None and once.auc_high is not None
    assert once.auc_low < once.auc < once.auc_high
