"""The classifier of owners, and the Goodhart check on answers that tell theirs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.data.items import Corpus, Item
from experiments.methods.attribution import deattribution, fit_attribution, frozen_attribution
from mari_theory import ArgumentError


def test_attribution_tells_owners_apart(corpus: Corpus) -> None:
    judge = frozen_attribution(corpus, "question-and-answer")
    own = judge.score(corpus.forget, [i.answer for i in corpus.forget])
    false = judge.score(corpus.forget, [i.wrong[0] for i in corpus.forget])
    assert own.mean() > 0.5 > false.mean()


@pytest.mark.usefixtures("few_features")
def test_the_frozen_score_can_fall_while_the_owner_is_still_told() -> None:
    """Answers in a private code: the frozen classifier sees nothing, one trained on them sees everything."""
    items = [Item(f"q {k}", f"word{k}", f"owner {k % 3}") for k in range(12)]
    frozen = fit_attribution(items, [i.answer for i in items], "answer")
    index = np.random.default_rng(0).integers(12, size=1200).tolist()
    found = deattribution(frozen, items, index, [f"code{k % 3}" for k in index])
    assert found.frozen < 0.5 and found.chance == pytest.approx(1 / 3)
    assert found.accuracy == 1.0 and 0.8 * math.log(3) < found.information_lower < found.information < math.log(3)
    silent = deattribution(frozen, items, index, ["nothing"] * 1200)
    assert silent.accuracy < 0.45 and silent.information < 0.01 and silent.information_lower == 0.0
    with pytest.raises(ArgumentError, match="one a row"):
        deattribution(frozen, items, index, ["nothing"])


@pytest.mark.usefixtures("few_features")
def test_the_lower_end_on_information_holds() -> None:
    """Two owners, one of two words each with probability 0.8: I = ln 2 - H(0.2). A lower end above it is a miss."""
    items = [Item(f"q {k}", "a", f"owner {k % 2}") for k in range(4)]
    frozen = fit_attribution(items, ["left", "right", "left", "right"], "answer")
    true = math.log(2) + 0.8 * math.log(0.8) + 0.2 * math.log(0.2)
    rng, lower = np.random.default_rng(5), []
    for _ in range(40):
        index = rng.integers(4, size=800).tolist()
        flip = rng.random(800) < 0.2
        found = deattribution(
            frozen, items, index, [("left", "right")[(k + int(f)) % 2] for k, f in zip(index, flip, strict=True)]
        )
        lower.append(found.information_lower)
    # Misses have probability at most 0.05 each: more than 9 of 40 have probability 3e-5.
    assert sum(x > true for x in lower) <= 9
    assert np.mean(lower) > 0.3 * true
