"""T33: mixtures of seeds."""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
from flint import arb

from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure, outward, precision
from mari_theory.seeds import mean_mixture_divergence, mixture_divergence
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import inside
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step, true

MONOTONE = 1.0
"""What one seed more leaves of the expected divergence, at most."""


def steps() -> list[Step]:
    """Leaving one of k + 1 seeds out, averaged over which, keeps the average; then two constructions.

    Sure coins: a fair coin decides which of two options a model is sure of. Sure answers: of n options each model is sure of its own.
    """
    import sympy as sp

    k, n, s = sp.symbols("k n s", positive=True)
    three = sp.symbols("x1:4")
    apart, half = sp.log(2), sp.Rational(3, 4) * sp.log(sp.Rational(4, 3))
    coin, middle = sp.Rational(1, 2), sp.Rational(3, 4)
    # Two seeds an arm: none, one or both are sure of the first option; how far the counts of the arms are apart decides.
    chances, distances = [sp.Rational(1, 4), coin, sp.Rational(1, 4)], [0, half, apart]
    two = sum(a * b * distances[abs(i - j)] for i, a in enumerate(chances) for j, b in enumerate(chances))
    gain = apart / 2 - two
    return [
        Step(
            "three seeds: the average is that of the three averages that leave one out",
            sum(three) / 3,
            sum((sum(three) - x) / 2 for x in three) / 3,
        ),
        Step(
            "k + 1 seeds of sum s: each is left out once, ((k+1)s - s)/(k(k+1)) = s/(k+1)",
            ((k + 1) * s - s) / (k * (k + 1)),
            s / (k + 1),
        ),
        Step(
            "a sure model against a fair coin",
            (sp.log(1 / middle) + coin * sp.log(coin / middle) + coin * sp.log(coin / (1 - middle))) / 2,
            half,
        ),
        Step("sure coins, two seeds an arm: ln 2 / 8 + (3/8) ln(4/3)", two, apart / 8 + half / 2),
        Step("one seed more takes (3/8) ln(3/2) of ln 2 / 2", gain, sp.Rational(3, 8) * sp.log(sp.Rational(3, 2))),
        true("which is positive", gain > 0),
        Step(
            "n sure answers: of n^2 pairs of models n agree, J_1 = (1 - 1/n) ln 2",
            (n**2 - n) / n**2 * apart,
            (1 - 1 / n) * apart,
        ),
        Step("which tends to ln 2 while the mixtures agree", sp.limit((1 - 1 / n) * apart, n, sp.oo), apart),
    ]


def independent_draws(p: Floats, q: Floats, k: int) -> float:
    """J_k of models drawn independently and evenly from the lists p and q, shape (models, options): the mean over all tuples."""
    left, right = (np.array([x[list(t)].mean(axis=0) for t in product(range(len(x)), repeat=k)]) for x in (p, q))
    return float(np.mean(jensen_shannon(left[:, None], np.broadcast_to(right, (len(left), *right.shape)), check=False)))


def coins(k: int, a: float, b: float) -> float:
    """J_k where each model of the first arm is Bernoulli(a) or Bernoulli(1 - a) by a fair coin, of the second with b; binomial weights."""
    weights = np.array([1.0])
    for _ in range(k):
        weights = np.convolve(weights, [0.5, 0.5])
    heads = np.arange(k + 1) / k
    p, q = (
        np.stack([x, 1 - x], axis=1) for x in (a * heads + (1 - a) * (1 - heads), b * heads + (1 - b) * (1 - heads))
    )
    each = jensen_shannon(p[:, None], np.broadcast_to(q, (k + 1, k + 1, 2)), check=False)
    return float(weights @ each @ weights)


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Exact J_k, with and without putting models back, never rises and stays above the mixtures'; equal models attain it; coins converge."""
    ok = True
    for n, m in ((3, 3), (2, 4), (3, 4)):
        for _ in range(max(cases // 100, 4)):
            p, q = (x[:count] for x, count in zip(random_pairs(rng, max(n, m), 4), (n, m), strict=True))
            limit = float(mixture_divergence(p, q))
            with_return = [independent_draws(p, q, k) for k in (1, 2, 3)]
            without = [float(mean_mixture_divergence(p, q, k)) for k in range(1, min(n, m) + 1)]
            for chain in (with_return, without):
                ok &= all(b <= MONOTONE * a + SLACK for a, b in pairwise(chain))
                ok &= limit <= chain[-1] + SLACK
            ok &= abs(with_return[0] - without[0]) < SLACK and (n != m or abs(without[-1] - limit) < SLACK)
    for n in (2, 5):
        sure = np.eye(n)
        ok &= abs(float(mean_mixture_divergence(sure, sure, 1)) - (1 - 1 / n) * LN2) < SLACK
        ok &= float(mixture_divergence(sure, sure)) < SLACK
    chain = [coins(k, 1.0, 0.8) for k in (1, 2, 4, 8, 16, 32, 64, 128, 256)]
    ok &= abs(coins(2, 1.0, 1.0) - (LN2 / 8 + 3 / 8 * np.log(4 / 3))) < SLACK and chain == sorted(chain, reverse=True)
    ok &= chain[-1] < 1.1 * chain[-2] / 2  # the limit is 0, and the excess over it halves with twice the seeds
    equal = [float(mean_mixture_divergence(np.tile([0.9, 0.1], (3, 1)), np.full((3, 2), 0.5), k)) for k in (1, 2)]
    return Outcome(
        bool(ok),
        equal[1] / (MONOTONE * equal[0]),
        f"lists of 2 to 4 models; equal models; coins, 256 seeds an arm: {chain[-1]:.5f} of {chain[0]:.3f}",
    )


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Models with integer masses of one total, so that mixtures are exact: the enclosed chain falls, and the library's floats lie in it."""
    ok = True
    for _ in range(max(cases // 5, 10)):
        p, q = (rng.multinomial(24, rng.dirichlet(np.ones(3)), size=3).astype(float) for _ in range(2))
        chain = []
        for k in (1, 2, 3):
            with precision():
                low, high, count = arb(0), arb(0), 0
                for s, t in product(combinations(range(3), k), repeat=2):
                    a, b = jensen_shannon_enclosure(p[list(s)].sum(axis=0), q[list(t)].sum(axis=0))
                    low, high, count = low + arb(a), high + arb(b), count + 1
                chain.append((outward(low / count)[0], outward(high / count)[1]))
            ok &= inside(float(mean_mixture_divergence(p / 24, q / 24, k)), chain[-1]) or chain[-1][1] < 1e-12
        ok &= all(after[0] <= before[1] for before, after in pairwise(chain))
        ok &= inside(float(mixture_divergence(p / 24, q / 24)), chain[-1]) or chain[-1][1] < 1e-12
    return Outcome(bool(ok), None, "three models an arm, one to three of them mixed")


def _one_more_seed(z: Floats) -> float:
    p, q = laws_at(z[:6], 3), laws_at(z[6:], 3)
    single = np.mean([divergence(a, b) for a in p for b in q])
    pairs = np.mean([divergence((a + b) / 2, (c + d) / 2) for a, b, c, d in product(p, p, q, q)])
    return over(float(pairs), float(single))


def _seeds_in_an_order() -> float:
    p, q = np.array([[0.6, 0.4], [1.0, 0.0]]), np.array([[0.4, 0.6], [0.0, 1.0]])
    return float(mixture_divergence(p, q)) / float(mixture_divergence(p[:1], q[:1]))


def _one_model_read_off_the_mixture() -> float:
    p, q = np.eye(11)[:10], np.eye(11)[[*range(9), 10]]
    return float(mean_mixture_divergence(p, q, 1)) / float(mixture_divergence(p, q))


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("two seeds an arm <= one", 12, _one_more_seed),),
    dropped=(
        Dropped("models are draws of one law", "the second seed of each arm trained for longer", _seeds_in_an_order),
        Dropped("a statement on mixtures", "read as one on the single models in them", _one_model_read_off_the_mixture),
    ),
    formal=Formal(
        "T33_Mixtures", ("T33_leave_one_out", "T33_non_increasing", "T33_limit_below", "T33_single_models_part")
    ),
    mutations=(
        Mutation("MONOTONE", scaled(0.99)),
        Mutation("mean_mixture_divergence", scaled(0.99)),
        Mutation("mixture_divergence", scaled(1.01)),
        Mutation("mean_mixture_divergence", scaled(0.99), "enclosure"),
        Mutation("mixture_divergence", scaled(0.99), "enclosure"),
    ),
)
