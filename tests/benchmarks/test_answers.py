"""The comparison with Model Equality Testing: its statistic by hand, and cells that add up."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.answer_laws import CHANGES, LAWS, sample
from benchmarks.answers import Cell, faults, hamming_mmd, package_check, simulate, table, together


def test_the_published_statistic_by_hand() -> None:
    """Means over pairs of answers to one prompt, an answer with itself left out."""
    data = sample("forms", "noise 0.6", 40, np.random.default_rng(0))

    def mean(a: int, b: int) -> float:
        likeness = [
            float(np.mean(x == y))
            for i, (u, x) in enumerate(zip(data.prompts[a], data.tokens[a], strict=True))
            for j, (v, y) in enumerate(zip(data.prompts[b], data.tokens[b], strict=True))
            if u == v and (a, i) != (b, j)
        ]
        return float(np.mean(likeness))

    expected = mean(0, 0) - 2 * mean(0, 1) + mean(1, 1)
    values = hamming_mmd(data, 3, np.random.default_rng(1))
    assert values.shape == (4,) and values[0] == pytest.approx(expected, abs=1e-5)
    assert "package" in package_check(1)


@pytest.mark.parametrize("law", LAWS)
def test_changes_are_made_to_q_alone(law: str) -> None:
    for change in CHANGES:
        a, b = (sample(law, change, 200, np.random.default_rng(3)) for _ in range(2))
        assert all(np.array_equal(x, y) for x, y in zip(a.tokens, b.tokens, strict=True))
        none = sample(law, "none", 200, np.random.default_rng(3))
        assert np.array_equal(a.prompts[1], none.prompts[1])
        assert np.array_equal(a.tokens[0], none.tokens[0])
        assert np.array_equal(a.tokens[1], none.tokens[1]) == (change == "none")
    told = sample(law, "planted text, p 0.5", 2000, np.random.default_rng(4))
    rows = told.tokens[1][told.prompts[1] == 0]
    assert 0.2 < np.mean((rows[:, None] == rows[None]).all(axis=2)) < 0.4


def test_blocks_are_the_same_in_any_order_and_false_alarms_beyond_chance_are_named() -> None:
    parts = [simulate("chains", "planted text, p 0.5", 60, k, 1) for k in range(2)]
    (cell,) = together(parts)
    assert cell == together(parts[::-1])[0] == simulate("chains", "planted text, p 0.5", 60, 0, 2)
    assert table([cell])[2].startswith("| chains | planted text, p 0.5 | 60 | 2 |")
    assert faults([cell]) == []
    broken = Cell("chains", "none", 250, 1000, 120, 0, 0, 0, 0)
    assert faults([broken]) == ["chains, none: ours 120 of 1000"]
