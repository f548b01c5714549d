r"""Do two models answer the same prompts alike? An exact permutation test that compares answers to one prompt only.

With K the likeness of all answers to a prompt (`token_kernel`), u_i = 1/n for P's answers and -1/m for Q's,

.. math:: M = u^T K u, \qquad D = u^T K |u|

are the squared kernel distance of the arms and the difference of how alike an arm's own answers are. Labels are exchanged within prompts,
and with \bar M the mean and s the deviation over relabellings, three statistics are formed:

* few prompts: sum over prompts of :math:`\max(w (M - \bar M), 0)^2`, w = nm/(n + m): one prompt that differs a lot;
* all prompts: sum of :math:`(M - \bar M)/s_M`: many that differ a little;
* variety: absolute sum of :math:`(D - \bar D)/s_D`: one arm more varied than the other, as at another temperature (Song and Chen 2024).

Each becomes its rank p among the relabellings, the test's statistic is the weighted sum of 1/p, and its own rank is the p-value:
(1 + #{T_b >= T})/(1 + B), exact at every number of answers, as all of it is symmetric in the B + 1 labellings. Weights 0.7, 0.15 and 0.15:
a single planted text costs the test most, because its few copies leave few labellings; what is everywhere grows with every prompt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from estimators.answers import Answers
from estimators.two_sample import TestResult
from mari_theory.errors import require, require_fraction
from mari_theory.rounding import up_to
from mari_theory.units import Floats

WEIGHTS = {"few prompts": 0.7, "all prompts": 0.15, "variety": 0.15}
"""Of the three statistics, fixed before any reported figure."""
HITS = 20
"""Relabellings at least as far apart as the arms, after which a prompt's p-value needs no more of them."""
MOST = 1_000_000
"""Relabellings of one prompt, unless more are asked for."""
_TIE = 1e-9
_CHUNK = 4_000_000


@dataclass(frozen=True)
class PromptedResult(TestResult):
    """The p-value, and which of the three statistics it comes from.

    >>> print(PromptedResult(9.0, 0.0123, "permutations within prompts", 40, {"variety": 0.01}))
    permutations within prompts: p = 0.013, most of it from variety, n = 40
    """

    __test__ = False

    parts: dict[str, float]
    """p-value of each statistic alone, not corrected for the three."""

    def __str__(self) -> str:
        most = min(self.parts, key=lambda name: self.parts[name])
        return f"{self.method}: p = {up_to(self.p_value)}, most of it from {most}, n = {self.n}"


@dataclass(frozen=True)
class PromptDifference:
    """One prompt: are its answers of one law?"""

    prompt: str
    """What was asked."""
    n: int
    """Answers of P."""
    m: int
    """Answers of Q."""
    p_value: float
    """Of this prompt alone."""
    adjusted: float
    """Holm's p-value among all prompts; those at or below a level are named."""


@dataclass(frozen=True)
class PromptedTest:
    """Permutation test within prompts, exact at any number of answers to each (see above).

    Assumes that answers to a prompt are independent draws: no cache, no memory of earlier questions. Raises `ArgumentError`.
    Source: permutation tests as in Gretton et al. (2012); harmonic means of p-values, Wilson (2019), here calibrated by the permutations.

    >>> from estimators.answers import Row
    >>> told = [Row(f"question {i % 5}", "42") for i in range(60)]
    >>> asked = [Row(f"question {i % 5}", str(i)) for i in range(60)]
    >>> PromptedTest().test(Answers.of(told, asked)).p_value
    0.001
    """

    permutations: int = 999
    """How many relabellings."""
    seed: int = 0
    """Of the relabellings, at least 0."""

    def __post_init__(self) -> None:
        for name, value, least in (("permutations", self.permutations, 19), ("seed", self.seed, 0)):
            whole = isinstance(value, int) and not isinstance(value, bool)
            require(whole and value >= least, name, f"a whole number of at least {least}", value)

    def test(self, answers: Answers) -> PromptedResult:
        """p-value of "to every prompt both models answer with one law"."""
        rng = np.random.default_rng([self.seed, 0])
        few = np.zeros(self.permutations + 1)
        everywhere, variety = few.copy(), few.copy()
        for kernel, (n, m) in zip(answers.kernels, answers.counts.tolist(), strict=True):
            distance, difference = (np.empty(self.permutations + 1) for _ in range(2))
            step = max(1, _CHUNK // (n + m))
            for first in range(0, self.permutations + 1, step):
                at = slice(first, min(first + step, self.permutations + 1))
                distance[at], difference[at] = _distances(kernel, n, m, at.stop - first, rng, first == 0)
            few += np.maximum(n * m / (n + m) * (distance - distance.mean()), 0.0) ** 2
            everywhere += _standard(distance)
            variety += _standard(difference)
        ranks = dict(zip(WEIGHTS, map(_ranks, (few, everywhere, np.abs(variety))), strict=True))
        statistic = sum((WEIGHTS[k] / r for k, r in ranks.items()), np.zeros_like(few))
        parts = {k: float(r[0]) for k, r in ranks.items()}
        n = int(answers.counts.sum())
        return PromptedResult(float(statistic[0]), float(_ranks(statistic)[0]), "permutations within prompts", n, parts)

    def locate(self, answers: Answers, level: float = 0.05) -> tuple[PromptDifference, ...]:
        """Every prompt's own p-value (of M), smallest first, with Holm's adjustment.

        Named prompts (adjusted <= `level`) are all right at once with probability 1 - `level`. Holm, because a list of prompts accuses each
        of them, and because it asks nothing of how prompts depend on each other (a cache, a common seed); where few of many prompts differ,
        as after a deletion, Benjamini-Yekutieli names hardly more. Relabelling goes on until `HITS` of them lie at least as far apart
        (Besag and Clifford 1991), else until p could be 1/20 of what Holm asks of the
        smallest, a million times at most.
        """
        level = require_fraction("level", level)
        most = max(self.permutations, min(MOST, math.ceil(20 * len(answers.prompts) / level)))
        found = []
        for k, (kernel, (n, m)) in enumerate(zip(answers.kernels, answers.counts.tolist(), strict=True)):
            found.append((_sequential(kernel, n, m, most, np.random.default_rng([self.seed, 1, k])), k))
        adjusted, out = 0.0, []
        for place, (p, k) in enumerate(sorted(found)):
            adjusted = min(1.0, max(adjusted, (len(found) - place) * p))
            n, m = answers.counts[k].tolist()
            out.append(PromptDifference(answers.prompts[k], n, m, p, adjusted))
        return tuple(out)


def _distances(
    kernel: Floats, n: int, m: int, draws: int, rng: np.random.Generator, given: bool
) -> tuple[Floats, Floats]:
    """M and D of relabellings of a prompt's answers; the first is the labelling as it is where it is `given`."""
    u = np.tile(np.repeat([1.0 / n, -1.0 / m], [n, m]), (draws, 1))
    rows = u[1:] if given else u
    rng.permuted(rows, axis=1, out=rows)
    product = u @ kernel
    return np.einsum("ij,ij->i", product, u), np.einsum("ij,ij->i", product, np.abs(u))


def _standard(x: Floats) -> Floats:
    spread = float(x.std())
    return (x - x.mean()) / spread if spread > _TIE else np.zeros_like(x)


def _ranks(x: Floats) -> Floats:
    """Of each entry, the share of entries at least as large, itself counted; what differs by rounding is equal."""
    rounded = np.round(x / max(float(np.abs(x).max()), 1e-300), 10)
    ordered = np.sort(rounded)
    return np.asarray((x.size - np.searchsorted(ordered, rounded)) / x.size)


def _sequential(kernel: Floats, n: int, m: int, most: int, rng: np.random.Generator) -> float:
    seen, hits = 0, 0
    least: float | None = None
    while seen < most:
        draws = min(1000 + (least is None), most - seen + (least is None), max(2, _CHUNK // (n + m)))
        distance, _ = _distances(kernel, n, m, draws, rng, least is None)
        if least is None:
            least, distance = float(distance[0]) - _TIE, distance[1:]
        at = np.flatnonzero(distance >= least)
        if hits + at.size >= HITS:
            return HITS / (seen + int(at[HITS - hits - 1]) + 1)
        hits, seen = hits + at.size, seen + distance.size
    return (1 + hits) / (1 + most)
