"""T22: KL-regularised reward."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, softmax

from mari_theory import kl
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import COIN, SLACK
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The KL-regularised reward problem: the tilted policy is stationary, and the gap to it is beta times a KL divergence.

    Three answers, reference (a, b, c), rewards r_i, policy (x, y, z).
    """
    import sympy as sp

    a, b, c, x, y, z, beta = sp.symbols("a b c x y z beta", positive=True)
    r = sp.symbols("r1:4", real=True)
    reference, policy = (a, b, c), (x, y, z)
    weight = [p * sp.exp(v / beta) for p, v in zip(reference, r, strict=True)]
    partition = sum(weight)
    tilt = [v / partition for v in weight]
    value = sum(p * v for p, v in zip(policy, r, strict=True)) - beta * sum(
        p * sp.log(p / q) for p, q in zip(policy, reference, strict=True)
    )
    gap = beta * sp.log(partition) * (x + y + z) - beta * sum(
        p * sp.log(p / q) for p, q in zip(policy, tilt, strict=True)
    )
    stationary = [sp.diff(value, p).subs(p, q) for p, q in zip(policy, tilt, strict=True)]
    return [
        Step("the tilted policy sums to 1", sp.simplify(sum(tilt)), 1),
        Step("objective = beta ln Z - beta KL(policy | tilted): the maximum is the tilted policy", value, gap),
        Step("stationarity: the derivative is one constant (answers 1 and 2)", stationary[0], stationary[1]),
        Step("stationarity: the derivative is one constant (answers 2 and 3)", stationary[1], stationary[2]),
        Step(
            "lower reward, lower odds: ln odds move by the reward difference over beta",
            sp.log(tilt[0] / tilt[1]),
            sp.log(a / b) + (r[0] - r[1]) / beta,
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """No random policy beats the tilted one; the shortfall is beta KL."""
    worst, ok = 0.0, True
    for _ in range(min(cases, 300)):
        reference, reward = rng.dirichlet(np.ones(6)), rng.normal(size=6)
        beta = float(10.0 ** rng.uniform(-1, 1))
        tilt = softmax(np.log(reference) + reward / beta)
        policy = softmax(np.log(tilt) + rng.normal(size=6) * 10.0 ** rng.uniform(-3, 0.5))
        gain = [float(x @ reward - beta * kl(x, reference)) for x in (tilt, policy)]
        ok &= gain[1] <= gain[0] + SLACK
        worst = max(worst, abs(gain[0] - gain[1] - beta * float(kl(policy, tilt))))
    return Outcome(ok and worst < 1e-9, 1.0, f"shortfall against beta KL: off by at most {worst:.1e}")


def _reward(z: Floats) -> float:
    policy, reference = laws_at(z[:8], 4)
    reward, beta = expit(z[8:12]), math.exp(float(np.clip(z[12], -2, 2)))
    best = beta * math.log(float(reference @ np.exp(reward / beta)))
    return over(float(policy @ reward - beta * kl(policy, reference)), best)


def _reward_without_the_penalty() -> float:
    reward = np.array([1.0, 0.0])
    return 1.0 / math.log(float(COIN @ np.exp(reward)))


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    search=(Inequality("reward less beta KL <= beta ln Z", 13, _reward),),
    dropped=(
        Dropped("the KL penalty counts", "reward alone, all mass on the best answer", _reward_without_the_penalty),
    ),
    formal=Formal("T21_Methods", ("T22_gap", "T22_optimal")),
    mutations=(Mutation("kl", scaled(1.01)),),
    absent={
        "enclosure": "an identity; nothing is rounded towards a side",
    },
)
