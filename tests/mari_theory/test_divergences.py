from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest

import mari_theory as mt
from mari_theory.families import PAIRS


@pytest.fixture(autouse=True)
def two_hundred_digits() -> Iterator[None]:
    """For this file alone."""
    with mpmath.workdps(200):
        yield


WEIGHTS = (0.5, 0.444, 0.01)


def exact_jsd(p: np.ndarray, q: np.ndarray, w: float) -> mpmath.mpf:
    """200-digit value of the very numbers in the arrays, normalised exactly."""
    a, b = ([mpmath.mpf(float(x)) for x in v] for v in (p, q))
    sums, w_ = (mpmath.fsum(a), mpmath.fsum(b)), mpmath.mpf(w)
    total = mpmath.mpf(0)
    for x, y in zip(a, b, strict=True):
        x, y = x / sums[0], y / sums[1]
        m = (1 - w_) * x + w_ * y
        total += ((1 - w_) * x * mpmath.log(x / m) if x else 0) + (w_ * y * mpmath.log(y / m) if y else 0)
    return total


def pair_at(target: float, rng: np.random.Generator, dtype: str, k: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Two laws whose JSD is about `target`, exactly representable in `dtype`."""
    p = rng.dirichlet(np.ones(k))
    direction = rng.normal(size=k)
    scale = math.sqrt(8 * target / float((p * direction**2).sum()))
    q = p * np.exp(scale * direction)
    return p.astype(dtype), (q / q.sum()).astype(dtype)


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("exponent", range(1, 13))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_small_divergences_keep_their_digits(
    rng: np.random.Generator, dtype: str, exponent: int, weight: float
) -> None:
    p, q = pair_at(10.0**-exponent, rng, dtype)
    truth = exact_jsd(p, q, weight)
    value = float(mt.jensen_shannon(p, q, weight))
    error = abs(value - float(truth)) / float(truth)
    # float32 inputs below 1e-9 differ from their own normalisation by more than the digits asked for.
    limit = {
        "float64": 1e-9 if exponent <= 10 else 1e-7,
        "float32": 1e-5 if exponent <= 7 else 1e-3 if exponent <= 9 else 0.5,
    }[dtype]
    assert value >= 0
    assert error < limit


@pytest.mark.parametrize("weight", WEIGHTS)
def test_log_probabilities_give_the_same_value(
    backend: Callable[[Any], Any], rng: np.random.Generator, weight: float
) -> None:
    p, q = pair_at(1e-3, rng, "float64")
    direct = float(mt.jensen_shannon(p, q, weight))
    from_logs = float(mt.jensen_shannon(backend(np.log(p)), backend(np.log(q)), weight, log=True))
    assert from_logs == pytest.approx(direct, rel=1e-4)


def test_entropy_difference_would_fail_where_this_does_not(rng: np.random.Generator) -> None:
    p, q = pair_at(1e-9, rng, "float32")
    m = (p + q) / 2
    naive = float(mt.entropy(m, check=False) - (mt.entropy(p, check=False) + mt.entropy(q, check=False)) / 2)
    truth = float(exact_jsd(p, q, 0.5))
    assert abs(naive - truth) / truth > 1
    assert abs(float(mt.jensen_shannon(p, q)) - truth) / truth < 1e-3


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("function", ["jensen_shannon", "kl", "total_variation", "squared_hellinger", "pearson"])
def test_families_agree_with_200_digits(backend: Callable[[Any], Any], name: str, function: str) -> None:
    p, q = PAIRS[name].arms()
    a, b = [mpmath.mpf(float(x)) for x in p], [mpmath.mpf(float(x)) for x in q]
    exact = {
        "jensen_shannon": lambda: exact_jsd(p, q, 0.5),
        "kl": lambda: (
            mpmath.inf
            if any(x and not y for x, y in zip(a, b, strict=True))
            else mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(a, b, strict=True) if x)
        ),
        "total_variation": lambda: mpmath.fsum(abs(x - y) for x, y in zip(a, b, strict=True)) / 2,
        "squared_hellinger": lambda: 1 - mpmath.fsum(mpmath.sqrt(x * y) for x, y in zip(a, b, strict=True)),
        "pearson": lambda: (
            mpmath.inf
            if any(x and not y for x, y in zip(a, b, strict=True))
            else mpmath.fsum((x - y) ** 2 / y for x, y in zip(a, b, strict=True) if y)
        ),
    }[function]()
    made = getattr(mt, function)(backend(p), backend(q))
    tolerance = 1e-6 if "float32" in str(made.dtype) else 1e-12
    # The rows of the table are rounded to the backend's precision, which moves tiny divergences.
    slack = 3e-7 if "float32" in str(made.dtype) else 1e-15
    assert float(made) == pytest.approx(float(exact), rel=tolerance, abs=slack)


def test_batches_and_axes_match_single_rows(backend: Callable[[Any], Any], rng: np.random.Generator) -> None:
    p, q = rng.dirichlet(np.ones(7), size=(3, 4)), rng.dirichlet(np.ones(7), size=(3, 4))
    whole = mt.jensen_shannon(backend(p), backend(q))
    assert tuple(whole.shape) == (3, 4)
    single = mt.jensen_shannon(backend(p[1, 2]), backend(q[1, 2]))
    assert float(whole[1, 2]) == pytest.approx(float(single), rel=1e-6)
    turned = mt.jensen_shannon(backend(np.moveaxis(p, -1, 0)), backend(np.moveaxis(q, -1, 0)), axis=0)
    assert np.allclose(np.asarray(turned), np.asarray(whole), rtol=1e-5)


def test_a_weight_per_row_is_the_scalar_weight_of_that_row(rng: np.random.Generator) -> None:
    p, q = rng.dirichlet(np.ones(5), size=4), rng.dirichlet(np.ones(5), size=4)
    weights = np.array([0.1, 0.5, 0.9, 0.01])
    rows = mt.jensen_shannon(p, q, weights)
    assert np.allclose(rows, [float(mt.jensen_shannon(p[i], q[i], float(weights[i]))) for i in range(4)], rtol=1e-14)


@pytest.mark.parametrize(
    ("p", "q", "words"),
    [
        ([0.5, 0.5], [0.5, 0.25, 0.25], "same number of outcomes"),
        ([0.5, float("nan")], [0.5, 0.5], "NaN"),
        ([1.5, -0.5], [0.5, 0.5], "non-negative"),
        ([0.5, 0.6], [0.5, 0.5], "sum to 1"),
        ([float("inf"), 0.0], [0.5, 0.5], "sum to 1"),
        ([], [], "at least one outcome"),
    ],
)
def test_bad_distributions_are_told_in_one_line(p: list[float], q: list[float], words: str) -> None:
    with pytest.raises(mt.ArgumentError) as error:
        mt.jensen_shannon(np.array(p, dtype=float), np.array(q, dtype=float))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("weight", [0.0, 1.0, -0.1, float("nan")])
def test_weights_outside_the_open_interval_are_refused(weight: float) -> None:
    with pytest.raises(mt.ArgumentError, match="weight"):
        mt.jensen_shannon(np.array([0.5, 0.5]), np.array([0.5, 0.5]), weight)
