"""T34: exchangeable models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations, product

import numpy as np
from scipy.special import expit

from mari_theory.ranks import max_power, min_references, rank_p_value
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.mutations import Mutation, cut, scaled
from proofs.kit.search import Inequality, laws_at, over
from proofs.kit.step import Step, true


def steps() -> list[Step]:
    """The p-value's law without ties, the least number of references, and the power bound with the test that attains it.

    K the references, j a rank from the top, m the items, a the level, N = (K+1)^m the places.
    """
    import sympy as sp

    k, j, m, a, i = sp.symbols("K j m a i", positive=True, integer=True)
    places = (k + 1) ** m
    reject = a * places
    return [
        Step(
            "each rank has the chance 1/(K+1): P(p <= j/(K+1)) = j/(K+1)",
            sp.summation(1 / (k + 1), (i, 1, j)),
            j / (k + 1),
        ),
        Step(
            "mean of the p-value: (K+2)/(2(K+1))",
            sp.factor(sp.summation(i / (k + 1) ** 2, (i, 1, k + 1))),
            (k + 2) / (2 * (k + 1)),
        ),
        Step("19 references: the least p-value is 5 %", (1 / (k + 1)).subs(k, 19), sp.Rational(1, 20)),
        true("18 are too few", (1 / (k + 1)).subs(k, 18) > sp.Rational(1, 20)),
        Step(
            "the test that attains it: level, first on every item by chance 1/N and then rejecting with a N",
            reject / places,
            a,
        ),
        Step("its power, first on every item for certain", reject, a * (k + 1) ** m),
        Step("one item more is worth a factor of K + 1", sp.simplify(reject.subs(m, m + 1) / reject), k + 1),
    ]


def p_values(scores: Sequence[float]) -> list[float]:
    """Of each model in turn, the others its references."""
    return [rank_p_value(own, [*scores[:i], *scores[i + 1 :]]) for i, own in enumerate(scores)]


def excess(ps: Sequence[float]) -> float:
    """Largest P(p <= a)/a, over the p-values themselves as levels, the model in question being each one alike."""
    every = np.array(ps)
    return max(float((every <= a).mean()) / a for a in ps)


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Each model in turn: never too many small p-values, exactly as many where none tie; all orders of four; tests of ranks on items."""
    ok, ratios = True, []
    for _ in range(max(cases // 40, 10)):
        models = rng.normal(size=(int(rng.integers(2, 40)), 3))
        distances = np.linalg.norm(models[:, None] - models, axis=2)
        # Statistics of one model among the others: how far the nearest is, how far the mean, and a count, which ties.
        nearest = np.sort(distances, axis=1)[:, 1]
        from_mean = np.linalg.norm(models - (models.sum(axis=0) - models) / (len(models) - 1), axis=1)
        crowd = -(distances < 1.5).sum(axis=1)
        ok &= all(excess(p_values(x.tolist())) <= 1 + 1e-12 for x in (nearest, from_mean, crowd))
        ratios.append(excess(p_values(from_mean.tolist())))
    every_order = [rank_p_value(order[0], order[1:]) for order in permutations((0.0, 1.0, 1.0, 2.0))]
    ok &= excess(every_order) <= 1 + 1e-12
    for references, level in ((19, 0.05), (99, 0.01), (9, 0.1), (2, 1 / 3), (1, 0.6), (999, 0.001)):
        ok &= min_references(level) == references and rank_p_value(1.0, [0.0] * references) <= level
        ok &= references == 1 or rank_p_value(1.0, [0.0] * (references - 1)) > level
    for references, items in ((1, 3), (2, 2), (4, 1), (3, 2)):
        cells = list(product(range(references + 1), repeat=items))
        for _ in range(max(cases // 100, 4)):
            truth, test = rng.dirichlet(np.full(len(cells), 0.1)), rng.random(len(cells)) ** 4
            level = float(test.mean())
            ok &= float(truth @ test) <= max_power(level, references, items) * (1 + 1e-12)
        # The test that rejects only where the model comes first on every item, against a model that always does.
        level = 0.5 / len(cells)
        first = np.array([0.5 if not any(cell) else 0.0 for cell in cells])
        ok &= math.isclose(float(first.mean()), level)
        ratios.append(float(first[0]) / max_power(level, references, items))
    return Outcome(
        bool(ok),
        max(ratios),
        "2 to 39 models, three statistics; orders with a tie; tests of ranks on one to three items",
    )


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """In rational arithmetic: the p-value is the float next to its count, the least number of references is least, the power is rounded up."""
    ok = True
    for _ in range(20 * cases):
        references, items = int(10.0 ** rng.uniform(0, 3)), int(rng.integers(0, 12))
        level = float(10.0 ** rng.uniform(-6, -0.01))
        others = rng.integers(0, 5, size=references)
        own = int(rng.integers(0, 5))
        exact = Fraction(1 + sum(x >= own for x in others.tolist()), references + 1)
        ok &= rank_p_value(own, others) == float(exact)
        least = min_references(level)
        ok &= Fraction(1, least + 1) <= Fraction(level) * (1 + Fraction(1, 2**52)) and Fraction(1, least) > Fraction(
            level
        )
        power, bound = Fraction(max_power(level, references, items)), Fraction(level) * (references + 1) ** items
        ok &= min(bound, Fraction(1)) <= power <= min(bound * (1 + Fraction(1, 2**51)), Fraction(1))
    return Outcome(bool(ok), None, "up to a thousand references and eleven items")


def _power(z: Floats) -> float:
    (truth,), test = laws_at(z[:9], 9), expit(z[9:])
    return over(float(truth @ test), max_power(min(float(test.mean()), 1 - 1e-16), 2, 2))


def _best_of_three() -> float:
    # All orders of the three draws and nineteen references are alike: the largest of all is one of the three in 3 of 22.
    return (3 / 22) / rank_p_value(1.0, np.zeros(19))


def _ties_for_the_model() -> float:
    # Twenty models that answer every question alike; a rule that breaks ties for the model gives each the least p-value.
    return 1.0 / rank_p_value(1.0, np.zeros(19))


def _two_items_counted_as_one() -> float:
    # "First on both items", two references: level 1/9 when exchangeable, power 1 against a model that always is.
    return 1.0 / max_power(1 / 9, 2, 1)


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("power <= level (K + 1)^m", 18, _power),),
    dropped=(
        Dropped("the model is one more draw", "the most extreme of three draws was released", _best_of_three),
        Dropped("ties count against the model", "equal models, ties broken for it", _ties_for_the_model),
        Dropped(
            "m counts every item on which the model differs", "two items counted as one", _two_items_counted_as_one
        ),
    ),
    formal=Formal("T34_Ranks", ("T34_count", "T34_level", "T34_attained", "T34_power")),
    mutations=(
        Mutation("rank_p_value", scaled(0.99)),
        Mutation("min_references", cut(0.99)),
        Mutation("max_power", scaled(0.99)),
        Mutation("rank_p_value", scaled(0.99), "enclosure"),
        Mutation("min_references", cut(0.99), "enclosure"),
        Mutation("max_power", scaled(0.99), "enclosure"),
    ),
)
