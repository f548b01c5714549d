"""Property checks of the methods' own theory (T21 to T23): random critics, policies and likelihoods against the stated optimum."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import softmax

from mari_theory import kl
from mari_theory.fenchel import FENCHEL
from proofs.properties import SLACK, Check, Outcome

LN2 = math.log(2.0)


def fenchel_pairs(rng: np.random.Generator, cases: int) -> Outcome:
    """T21: random critics stay under D_f; the critic f'(p/q) attains it; Young's inequality on a grid."""
    ok, tight = True, 1.0
    for pair in FENCHEL.values():
        p, q = rng.dirichlet(np.full(5, 2.0), size=2)
        whole = float(pair.divergence(p, q))
        for _ in range(min(cases, 100)):
            found = float(pair.lower_bound(p, q, rng.normal(size=5) * 10.0 ** rng.uniform(-2, 0.5)))
            ok &= found <= whole + SLACK
        best = pair.slope(p / q)
        reached = float(np.sum(p * best) - np.sum(q * pair.conjugate(best)))
        ok &= abs(reached / whole - 1) < 1e-9
        tight = min(tight, reached / whole)
        t = np.exp(rng.uniform(-3, 3, size=200))
        u = np.asarray(pair.activation(rng.normal(size=200)))
        ok &= bool(np.all(u * t <= pair.f(t) + pair.conjugate(u) + 1e-9))
    return Outcome(bool(ok), tight, "eight divergences; the critic f'(p/q)")


def regularised_reward(rng: np.random.Generator, cases: int) -> Outcome:
    """T22: no random policy beats the tilted one; the shortfall is beta KL."""
    worst, ok = 0.0, True
    for _ in range(min(cases, 300)):
        reference, reward = rng.dirichlet(np.ones(6)), rng.normal(size=6)
        beta = float(10.0 ** rng.uniform(-1, 1))
        tilted = softmax(np.log(reference) + reward / beta)
        policy = softmax(np.log(tilted) + rng.normal(size=6) * 10.0 ** rng.uniform(-3, 0.5))
        gain = [float(x @ reward - beta * kl(x, reference)) for x in (tilted, policy)]
        ok &= gain[1] <= gain[0] + SLACK
        worst = max(worst, abs(gain[0] - gain[1] - beta * float(kl(policy, tilted))))
    return Outcome(ok and worst < 1e-9, 1.0, f"shortfall against beta KL: off by at most {worst:.1e}")


def bounded_ascent(rng: np.random.Generator, cases: int) -> Outcome:
    """T23: 0 < NPO, and x <= NPO - (2/beta) ln 2 <= x + beta x^2/4 for log-ratios x, so beta -> 0 is gradient ascent."""
    x = rng.normal(size=cases) * 3
    ok = True
    worst = 0.0
    for beta in (1e-3, 0.1, 1.0, 10.0):
        npo = 2 / beta * np.logaddexp(0.0, beta * x)
        gap = npo - 2 / beta * LN2 - x
        ok &= bool(np.all(npo >= 0) and np.all(gap >= -1e-9 / beta) and np.all(gap <= beta * x**2 / 4 + 1e-9 / beta))
        small = np.abs(x) > 1
        worst = max(worst, float(np.max(gap[small] / (beta * x[small] ** 2 / 4)))) if beta <= 0.1 else worst
    return Outcome(ok, worst, "random log-ratios; largest gap over beta x^2/4")


CHECKS: dict[str, Check] = {"T21": fenchel_pairs, "T22": regularised_reward, "T23": bounded_ascent}
"""Theorem id -> check."""
