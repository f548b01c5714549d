"""What stays: paired differences, owners as units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from experiments.audit.results import Run
from experiments.measures.result import NonInferiority
from experiments.measures.utility import student_lower


def test_the_lower_end_is_students(rng: np.random.Generator) -> None:
    differences = rng.normal(0.01, 0.03, 12)
    wanted = stats.ttest_1samp(differences, 0.0, alternative="greater").confidence_interval(0.95).low
    assert student_lower(differences, 0.95) == pytest.approx(wanted, rel=1e-12)
    assert student_lower(differences[:1], 0.95) is None


def test_it_covers_a_normal_mean(rng: np.random.Generator) -> None:
    """4,000 samples of 6 owners: at 95 % the share of misses is 0.05 +- 0.0155 (4.5 sd; false alarm below 1e-5)."""
    samples = rng.normal(0.2, 1.0, (4000, 6))
    misses = np.mean([float(student_lower(s, 0.95) or 0.0) > 0.2 for s in samples])
    assert abs(misses - 0.05) < 4.5 * np.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.parametrize(("lower", "holds"), [(-0.05, True), (-0.0501, False), (None, False)])
def test_a_loss_within_the_margin_is_none(lower: float | None, holds: bool) -> None:
    made = NonInferiority(accuracy=0.9, oracles=0.9, difference=0.0, lower=lower, owners=9, margin=0.05)
    assert made.holds is holds


def test_every_row_of_an_audit_has_its_utility(finished: Path) -> None:
    run = Run.load(finished)
    for row in run.rows:
        assert set(row.utility) == {"retain"} and row.utility["retain"].owners == 3
        u = row.utility["retain"]
        # Three questions of each owner alike in number, so the mean over owners is that over items.
        assert u.lower is not None and u.upper is not None and u.lower <= u.difference <= u.upper
        assert u.difference == pytest.approx(u.accuracy - u.oracles, abs=1e-9)


@pytest.mark.parametrize(("upper", "lost"), [(-0.0501, True), (-0.05, False), (None, False)])
def test_a_loss_is_called_damage_where_it_is_certainly_beyond_the_margin(upper: float | None, lost: bool) -> None:
    made = NonInferiority(accuracy=0.8, oracles=0.9, difference=-0.1, lower=None, upper=upper, owners=9, margin=0.05)
    assert made.lost is lost
