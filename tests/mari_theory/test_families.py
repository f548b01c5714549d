"""Every law's divergence or information against simulation of its own likelihoods (false-alarm budget 1e-6 a table)."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.stats import norm

import mari_theory as mt
from estimators import information_terms
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.families import (
    BMI_TASKS,
    CONTINUOUS_JOINTS,
    DENSITY_PAIRS,
    DISCRETE_JOINTS,
    MARKOV_PAIRS,
    MIXED_JOINTS,
    PAIRS,
    ZIPF_LEVELS,
    LaplacePair,
    ZeroInflatedPoisson,
    product,
    zipf,
)

JOINTS = {**DISCRETE_JOINTS, **CONTINUOUS_JOINTS, **MIXED_JOINTS, **BMI_TASKS}
LAWS = {**PAIRS, **DENSITY_PAIRS, **MARKOV_PAIRS, "zipf 1e-2": zipf(1e-2), "zipf 0.6": zipf(0.6)}


def close(terms: np.ndarray, truth: float, tests: int) -> bool:
    """The mean of i.i.d. terms within the normal limit for a table of `tests` rows at 1e-6 altogether, 20 % spare."""
    limit = float(norm.isf(0.5e-6 / tests)) * 1.2
    return abs(float(terms.mean()) - truth) <= limit * float(terms.std()) / math.sqrt(terms.size) + 1e-12


@pytest.mark.parametrize("name", JOINTS)
def test_pointwise_information_has_the_stated_mean(name: str, rng: np.random.Generator) -> None:
    joint = base = JOINTS[name]
    while hasattr(base, "base"):
        base = base.base
    x, y = base.sample(20_000, rng)
    terms = base.pointwise_information(x, y)
    assert close(terms, joint.mutual_information(), len(JOINTS))
    seen_x, seen_y = joint.sample(50, rng)
    assert len(seen_x) == len(seen_y) == 50 and np.isfinite(seen_x).all() and np.isfinite(seen_y).all()


@pytest.mark.parametrize("name", LAWS)
def test_sampled_terms_have_the_stated_divergence(name: str, rng: np.random.Generator) -> None:
    law = LAWS[name]
    means = []
    for arm in (0, 1):
        y, _ = information_terms(*law.log_likelihoods(law.sample(arm, 10_000, rng)))
        means.append(y)
    assert close((means[0] + means[1]) / 2, law.jsd(), len(LAWS))


def test_the_published_value_of_the_zero_inflated_poisson_is_refuted(rng: np.random.Generator) -> None:
    law = ZeroInflatedPoisson(0.15)
    terms = law.pointwise_information(*law.sample(200_000, rng))
    assert close(terms, law.mutual_information(), 1)
    assert not close(terms, 0.85 * 0.3012, 1)


def test_benchmark_has_all_forty_tasks_and_its_printed_values() -> None:
    assert len(BMI_TASKS) == 40
    for name, value in {
        "1v1-normal-0.75": 0.413,
        "1v1-additive-0.1": 1.709,
        "multinormal-dense-50-50-0.5": 1.620,
    }.items():
        assert BMI_TASKS[name].mutual_information() == pytest.approx(value, abs=5e-3)


@pytest.mark.parametrize("level", ZIPF_LEVELS)
def test_zipf_levels_are_met_over_a_vocabulary(level: float) -> None:
    pair = zipf(level)
    low, high = jensen_shannon_enclosure(*pair.arms())
    assert low * (1 - 1e-9) <= level <= high * (1 + 1e-9)


@pytest.mark.parametrize("name", MARKOV_PAIRS)
def test_chain_rule_is_exact(name: str) -> None:
    chain = MARKOV_PAIRS[name]
    assert sum(chain.token_information()) == pytest.approx(chain.jsd(), rel=1e-12)


def test_path_information_is_unbiased(rng: np.random.Generator) -> None:
    chain = MARKOV_PAIRS["two states"]
    terms = [chain.path_information(chain.sample(arm, 5_000, rng)) for arm in (0, 1)]
    assert close((terms[0] + terms[1]) / 2, chain.jsd(), 1)


@pytest.mark.parametrize("name", ["normal mixture", "Laplace"])
def test_enclosures_hold_the_value_of_another_quadrature(name: str) -> None:
    pair = DENSITY_PAIRS[name]
    low, high = pair.jsd_enclosure()

    def integrand(x: object) -> object:
        if isinstance(pair, LaplacePair):
            p, q = (mpmath.exp(-abs(x - m) / s) / (2 * s) for m, s in (pair.p, pair.q))
        else:
            p, q = (mpmath.fsum(w * mpmath.npdf(x, m, s) for w, m, s in arm) for arm in (pair.p, pair.q))
        m = (p + q) / 2
        return (p * mpmath.log(p / m) + q * mpmath.log(q / m)) / 2

    cuts = [-40, -10, -5, -2, -1, 0, 0.4, 1, 1.2, 3, 6, 12, 40] if name == "Laplace" else [-9, -5, -2, 0, 2, 5, 9]
    assert low - 1e-12 <= float(mpmath.quad(integrand, cuts)) <= high + 1e-12


def test_product_of_draws_matches_enumeration() -> None:
    p, q = (np.array([0.7, 0.3]), np.array([0.6, 0.4]))
    full = [np.kron(np.kron(a, a), a) for a in (p, q)]
    assert product(PAIRS["bernoulli"], 3).jsd() == pytest.approx(float(mt.jensen_shannon(*full)), rel=1e-12)
