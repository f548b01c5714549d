"""Items still remembered: valid where the calibration is what it is taken to be, and planted residuals are found."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from experiments.measures import remembered as module
from experiments.measures.logged_choice import line_up
from experiments.measures.remembered import WayBack, count_bound, discoveries, p_value, remembered, way_back
from mari_theory import ArgumentError
from mari_theory.units import Floats, Integers
from tests.experiments.interop.logs import NEEDS_LOGS, sample


def back(nats: Floats) -> WayBack:
    return WayBack(nats / 3.0, nats)


def noise(seed: int, items: int) -> Floats:
    """Heavy tails, as retrainings have."""
    return np.asarray(0.2 * np.random.default_rng(seed).standard_t(5, items))


def test_the_way_back_is_a_projection() -> None:
    """Any step along the gap is read as its length, any step across it as nothing; no gap, no reading."""
    r = np.log(np.full((2, 3), 1 / 3))
    f = r + np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    across = np.array([[0.0, 1.0, -1.0], [1.0, 0.0, 0.0]])
    found = way_back(r + 0.6 * (f - r) + across, r, f)
    assert found.fraction.tolist() == pytest.approx([0.6, 0.0]) and found.nats.tolist() == pytest.approx([1.2, 0.0])
    assert found.nearer.tolist() == [True, False] and found.only(np.array([1])).nats.tolist() == [0.0]


def test_permutation_p_values_are_those_of_all_arrangements() -> None:
    """Two items beyond 138 others: C(40, 2)/C(178, 2). Two models, three items: of eight choices, those at least as large."""
    table = np.zeros((1, 178))
    table[0, :2] = 1.0
    assert p_value(table, 40, 0) == pytest.approx(780 / math.comb(178, 2), abs=0.009)
    models = np.array([[3.0, 1.0, 2.0], [1.0, 2.0, 1.0]])
    score = models**module.POWER
    sums = [sum(score[m, k] for k, m in enumerate(pick)) for pick in product((0, 1), repeat=3)]
    exact = np.mean(np.array(sums) >= score[0].sum())
    assert p_value(models, 1, 0) == pytest.approx(exact, abs=0.02)
    assert p_value(-models, 1, 0) == 1.0


def test_false_alarms_keep_the_level_and_a_wrong_null_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """150 runs at level 0.05: 19 alarms or more come once in 1e-4 of valid tests; calibrated on quieter noise nearly all alarm,
    beside a quieter retraining no more than a fifth (the spread is estimated)."""
    monkeypatch.setattr(module, "DRAWS", 98 + 1)
    alarms = {"clean": 0, "retrainings": 0, "borrowed": 0, "noisier": 0}
    for seed in range(150):
        own, clean, other = (back(noise(3 * seed + k, 160)) for k in range(3))
        alarms["clean"] += (remembered(own.only(np.arange(40)), clean).p_value or 0) <= 0.05
        alarms["retrainings"] += (remembered(own, retrained=[other]).p_value or 0) <= 0.05
        alarms["noisier"] += (remembered(own, retrained=[back(other.nats / 3)]).p_value or 0) <= 0.05
        alarms["borrowed"] += (remembered(own, back(clean.nats / 4)).p_value or 0) <= 0.05
    assert alarms["clean"] < 19 and alarms["retrainings"] < 19 and alarms["noisier"] < 30
    assert alarms["borrowed"] > 140


def test_the_count_bound_by_hand() -> None:
    """No exceedance in 139: the rate is at most 1 - 0.01^(1/139); of 40 found, those beyond its 0.96 quantile are remembered."""
    rate, p, least = count_bound(40, 40, 0, 139)
    assert rate == pytest.approx(1 - 0.01 ** (1 / 139), abs=1e-9) and p == pytest.approx(0.01)
    tail = [sum(math.comb(40, j) * rate**j * (1 - rate) ** (40 - j) for j in range(c + 1, 41)) for c in range(40)]
    assert least == 40 - next(c for c, x in enumerate(tail) if x <= 0.04)
    assert count_bound(0, 40, 0, 139)[1:] == (1.0, 0)


def test_a_list_keeps_its_false_discovery_rate_and_finds_what_stands_out() -> None:
    shares, found = [], 0
    for seed in range(60):
        scores = noise(seed, 40)
        scores[:4] += 3.0
        listed = set(discoveries(scores, noise(1000 + seed, 600)))
        found += len(listed & {0, 1, 2, 3})
        shares.append(len(listed - {0, 1, 2, 3}) / max(1, len(listed)))
    assert np.mean(shares) < 0.1 and found > 0.9 * 240
    assert discoveries(np.array([0.0, 5.0]), noise(1, 399)) == (1,)
    assert discoveries(noise(2, 40) - 9, noise(1, 399)) == ()


def test_what_is_said_follows_what_there_is_to_calibrate_on() -> None:
    own = back(noise(1, 40))
    nothing = remembered(own, back(noise(2, 138)))
    assert nothing.p_value is None and nothing.caps == (0.1, 0.2, 1.0, 1.0) and "no p-value" in str(nothing)
    few, many = (remembered(own, back(noise(2, n)), [back(noise(3, 40))]) for n in (139, 399))
    assert few.calibrated_on == many.calibrated_on == "clean items" and few.calibration == 139
    assert few.listed is None and "under 399" in str(few)
    assert many.listed is not None and "false discovery rate" in str(many)
    pairs = remembered(own, None, [back(noise(3, 40)), back(noise(4, 40))])
    assert pairs.calibrated_on == "retrainings" and pairs.calibration == 2 and "2 other retrainings" in str(pairs)
    with pytest.raises(ArgumentError, match="40 items each"):
        remembered(own, retrained=[back(noise(3, 39))])


def laws(size: str, reference: str, base: str) -> tuple[Floats, Floats, Floats]:
    """Oracle, base and original of the 200 items that neither retraining has seen."""
    logs = [sample(size, "full/evals_forget05"), sample(size, reference), sample(size, base)]
    choices = line_up(logs, [False, True, True])
    return choices.log_laws(1), choices.log_laws(2), choices.log_laws(0)


PAIRS = [(size, *pair) for size in ("1B", "3B") for pair in (("retain95", "retain90"), ("retain90", "retain95"))]


def planted(base: Floats, original: Floats, at: Integers, share: float) -> Floats:
    out = base.copy()
    out[at] += share * (original[at] - base[at])
    return out


@NEEDS_LOGS
@pytest.mark.long
@pytest.mark.parametrize(("size", "reference", "base"), PAIRS)
def test_residuals_planted_into_the_samples_are_found(
    size: str, reference: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 plants each. Two of 40 items remembered, the other 160 clean: power 0.9 and alarms 0.05 (up to 21 of 200 by chance, 1e-3).
    Ten of 200 items two fifths of the way back, calibrated on the pair of retrainings with its roles exchanged: power 0.9."""
    monkeypatch.setattr(module, "DRAWS", 1979)
    oracle, clean, original = laws(size, reference, base)
    rng, exchanged = np.random.default_rng(5), way_back(oracle, clean, original)
    alarms, found, half = 0, 0, 0
    for seed in range(200):
        order = rng.permutation(200)
        asked, rest = order[:40], order[40:]
        for plants in (0, 2):
            own = way_back(planted(clean, original, asked[:plants], 1.0), oracle, original)
            alarm = (remembered(own.only(asked), own.only(rest), seed=seed).p_value or 0) <= 0.05
            alarms, found = alarms + alarm * (plants == 0), found + alarm * (plants == 2)
        own = way_back(planted(clean, original, order[:10], 0.4), oracle, original)
        half += (remembered(own, retrained=[exchanged], seed=seed).p_value or 0) <= 0.05
    assert alarms <= 21 and found >= 180 and half >= 180
    assert (remembered(way_back(clean, oracle, original), retrained=[exchanged]).p_value or 0) > 0.05
