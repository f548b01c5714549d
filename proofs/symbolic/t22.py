"""T22: the KL-regularised reward problem: the tilted policy is stationary, and the gap to it is beta times a KL divergence."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """Three answers, reference (a, b, c), rewards r_i, policy (x, y, z)."""
    a, b, c, x, y, z, beta = sp.symbols("a b c x y z beta", positive=True)
    r = sp.symbols("r1:4", real=True)
    reference, policy = (a, b, c), (x, y, z)
    weight = [p * sp.exp(v / beta) for p, v in zip(reference, r, strict=True)]
    partition = sum(weight)
    tilted = [v / partition for v in weight]
    value = sum(p * v for p, v in zip(policy, r, strict=True)) - beta * sum(
        p * sp.log(p / q) for p, q in zip(policy, reference, strict=True)
    )
    gap = beta * sp.log(partition) * (x + y + z) - beta * sum(
        p * sp.log(p / q) for p, q in zip(policy, tilted, strict=True)
    )
    stationary = [sp.diff(value, p).subs(p, q) for p, q in zip(policy, tilted, strict=True)]
    return [
        Step("the tilted policy sums to 1", sp.simplify(sum(tilted)), 1),
        Step("objective = beta ln Z - beta KL(policy | tilted): the maximum is the tilted policy", value, gap),
        Step("stationarity: the derivative is one constant (answers 1 and 2)", stationary[0], stationary[1]),
        Step("stationarity: the derivative is one constant (answers 2 and 3)", stationary[1], stationary[2]),
        Step(
            "lower reward, lower odds: ln odds move by the reward difference over beta",
            sp.log(tilted[0] / tilted[1]),
            sp.log(a / b) + (r[0] - r[1]) / beta,
        ),
    ]
