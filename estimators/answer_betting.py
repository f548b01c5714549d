r"""The same question with an answer at any time: a gambler who bets on which of two answers is whose.

Answers to one prompt are taken in pairs in the order in which they came, P's j-th with Q's j-th. Before a pair is looked at, scores s_x
are fixed by the earlier pairs of the same prompt, and the capital is multiplied by

.. math:: 1 + \tanh(c (s(y) - s(z))), \qquad y \text{ of P}, \; z \text{ of Q}.

**Why no gambler gets rich by chance.** If both models answer the prompt with one law and draws are independent, then given all that came
before, (y, z) and (z, y) are equally likely; the hyperbolic tangent is odd, so the factor has conditional mean 1. Factors are positive:
capital is a non-negative martingale from 1, and so is every average of such capitals with fixed weights. By Ville's inequality the chance
that it *ever* reaches 1/alpha is at most alpha: look after every pair, stop when you like, and 1/(largest capital) is a p-value.
Which prompt is asked next may depend on everything seen; the list of prompts, the pairing and the order may not depend on the answers.

Three gamblers share the first capital: one goes through all prompts with s = likeness to P's earlier answers minus likeness to Q's (weight 1/4),
one bets on which arm is more varied, s = plus or minus likeness to all earlier answers (1/4), and one has a separate purse for every
prompt (1/2), so that a single prompt that differs is found. Each plays every scale c of a grid, with equal shares.
Source: two-sample testing by betting, Shekhar and Ramdas (2024); Ville (1939) for the largest capital.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from estimators.answers import Answers
from mari_theory.errors import require
from mari_theory.rounding import down_to, up_to
from mari_theory.units import Floats

SHARES = (0.25, 0.25, 0.5)
"""Of the three gamblers' first capital: all prompts, variety, one purse a prompt."""
EARLIER = -1
"""Diagonal of the last pair that a score may rest on: a bet that has seen its own pair is no bet."""


@dataclass(frozen=True)
class BettingResult:
    """Capital after every pair.

    >>> result = BettingResult(np.array([2.0, 50.0, 25.0]))
    >>> print(result, result.stopped(0.05))
    capital 25 after 3 pairs, largest 50: p = 0.02 at any time 2
    """

    capital: Floats
    """After 1, 2, ... pairs, shape (pairs,): the e-values."""

    @property
    def e_value(self) -> float:
        """After the last pair."""
        return float(self.capital[-1])

    @property
    def p_value(self) -> float:
        """1/(largest capital), at most 1: valid at any time, with the data so far."""
        return min(1.0, 1.0 / float(self.capital.max()))

    def stopped(self, level: float) -> int | None:
        """After how many pairs the capital first reached 1/level, or None."""
        at = np.flatnonzero(self.capital >= 1.0 / level)
        return int(at[0]) + 1 if at.size else None

    def __str__(self) -> str:
        most = down_to(float(self.capital.max()), 3)
        return (
            f"capital {down_to(self.e_value, 3)} after {self.capital.size} pairs, largest {most}: "
            f"p = {up_to(self.p_value)} at any time"
        )


@dataclass(frozen=True)
class AnswerBetting:
    """Betting on whose answer is whose; the capital is an e-process under "to every prompt one law" (see above).

    Appending rows to both files continues the same game. Answers without a partner wait for one. Raises `ArgumentError`.

    >>> from estimators.answers import Row
    >>> told = [Row(f"question {i % 5}", "42") for i in range(60)]
    >>> asked = [Row(f"question {i % 5}", str(i)) for i in range(60)]
    >>> AnswerBetting().run(Answers.of(told, asked)).p_value < 1e-4
    True
    """

    scales: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    """c, each positive, fixed before the data."""

    def __post_init__(self) -> None:
        ok = len(self.scales) > 0 and all(0.0 < c < 1e3 for c in self.scales)
        require(ok, "scales", "numbers in (0, 1000)", self.scales)

    def run(self, answers: Answers) -> BettingResult:
        """Play all pairs, in the order in which they became complete."""
        when, prompt, whose, varied = [], [], [], []
        for k, (kernel, (n, m), (p, q)) in enumerate(
            zip(answers.kernels, answers.counts.tolist(), answers.places, strict=True)
        ):
            pairs = min(n, m)
            pp, pq = kernel[:pairs, :pairs], kernel[:pairs, n : n + pairs]
            qp, qq = kernel[n : n + pairs, :pairs], kernel[n : n + pairs, n : n + pairs]
            before = np.arange(1.0, pairs + 1)
            whose.append(np.tril(pp - pq - qp + qq, EARLIER).sum(axis=1) / before)
            varied.append(np.tril(pp + pq - qp - qq, EARLIER).sum(axis=1) / (2 * before))
            when.append(np.maximum(p[:pairs], q[:pairs]))
            prompt.append(np.full(pairs, k))
        order = np.argsort(np.concatenate(when), kind="stable")
        of, score, spread = (np.concatenate(x)[order] for x in (prompt, whose, varied))
        scales = np.array(self.scales)
        steps = _log_factors(scales, score)
        through = np.exp(np.minimum(np.cumsum(steps, axis=0), 700.0)).mean(axis=1)
        either = _log_factors(np.concatenate([scales, -scales]), spread)
        variety = np.exp(np.minimum(np.cumsum(either, axis=0), 700.0)).mean(axis=1)
        purses = np.zeros((of.size, scales.size))
        for k in range(len(answers.prompts)):
            mine = of == k
            capital = np.exp(np.minimum(np.cumsum(steps[mine], axis=0), 700.0))
            purses[mine] = np.diff(capital, axis=0, prepend=1.0)
        each = 1.0 + np.cumsum(purses.mean(axis=1)) / len(answers.prompts)
        capital = SHARES[0] * through + SHARES[1] * variety + SHARES[2] * np.maximum(each, 0.0)
        return BettingResult(np.asarray(capital * (1 - 1e-9)))


def _log_factors(scales: Floats, x: Floats) -> Floats:
    """ln(1 + tanh(c x)) for every x and c."""
    return np.asarray(np.log(2.0) - np.logaddexp(0.0, -2.0 * x[:, None] * scales))
