"""T38: words."""

from __future__ import annotations

import numpy as np
from flint import arb, fmpq

from mari_theory import jensen_shannon, max_tpr, max_word_probability, min_word_probability, word_gap
from mari_theory.enclosures.balls import outward, precision
from mari_theory.enclosures.bounds import max_tpr_enclosure
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, around, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step, true


def steps() -> list[Step]:
    """One symbol's share of the divergence is m phi(t), at least m t^2/2; the word and its complement together, and the roots.

    p and q the word's probabilities, m = (p + q)/2, t = (p - q)/(p + q), J the budget.
    """
    import sympy as sp

    p, q, t, j = sp.symbols("p q t J", positive=True)
    d = sp.Symbol("d", real=True)
    m = (p + q) / 2
    share = p / 2 * sp.log(p / m) + q / 2 * sp.log(q / m)
    lean = (p - q) / (p + q)
    phi = ((1 + t) * sp.log(1 + t) + (1 - t) * sp.log(1 - t)) / 2
    as_phi = m / 2 * ((2 * p / (p + q)) * sp.log(2 * p / (p + q)) + (2 * q / (p + q)) * sp.log(2 * q / (p + q)))
    room = (p + q) * (2 - p - q)
    curve = d**2 - 2 * j * (2 * p + d) * (2 - 2 * p - d)
    quadratic = (1 + 2 * j) * d**2 - 4 * j * (1 - 2 * p) * d - 8 * j * p * (1 - p)
    root = (2 * j * (1 - 2 * p) + sp.sqrt(4 * j**2 * (1 - 2 * p) ** 2 + (1 + 2 * j) * 8 * j * p * (1 - p))) / (
        1 + 2 * j
    )
    return [
        Step("1 + t is 2p/(p+q)", 1 + lean, 2 * p / (p + q)),
        Step("1 - t is 2q/(p+q)", 1 - lean, 2 * q / (p + q)),
        Step("so the share is m phi(t)", share, as_phi),
        Step(
            "phi'' = 1/(1 - t^2), at least 1, and phi(0) = phi'(0) = 0: phi(t) >= t^2/2",
            sp.diff(phi, t, 2),
            1 / (1 - t**2),
        ),
        Step("phi and its slope vanish at 0", phi.subs(t, 0) + sp.diff(phi, t).subs(t, 0), 0),
        Step("m t^2/2 = (p-q)^2/(4(p+q))", m * lean**2 / 2, (p - q) ** 2 / (4 * (p + q))),
        Step(
            "word and complement: (p-q)^2 (1/(4(p+q)) + 1/(4(2-p-q))) = (p-q)^2/(2(p+q)(2-p-q))",
            (p - q) ** 2 / (4 * (p + q)) + (p - q) ** 2 / (4 * (2 - p - q)),
            (p - q) ** 2 / (2 * room),
        ),
        Step("(p+q)(2-p-q) is 1 less a square: hence (p-q)^2 <= 2J", room, 1 - (1 - p - q) ** 2),
        Step("and 2(p+q) less a square: hence (p-q)^2 <= 4J(p+q)", room, 2 * (p + q) - (p + q) ** 2),
        Step("at q = p + d: the quadratic", curve, quadratic),
        Step("its larger root is the library's step", quadratic.subs(d, root), 0),
        Step(
            "an absent word: 4J/(1 + 2J)",
            sp.simplify(root.subs(p, 0)),
            4 * j / (1 + 2 * j),
        ),
        Step("sharp there: from below 2J/ln 2, a factor of 2 ln 2", 4 * j / (2 * j / sp.log(2)), 2 * sp.log(2)),
        true("2 ln 2 lies in (1.386, 1.387)", sp.And(sp.N(2 * sp.log(2), 20) > 1.386, sp.N(2 * sp.log(2), 20) < 1.387)),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Every symbol's probabilities stay within the bounds, both ways; at small budgets the exact bound (T6 at the word) comes arbitrarily near."""
    p, q = random_pairs(rng, cases, 5)
    value = np.minimum(jensen_shannon(p, q), LN2)[:, None]
    ok = bool(
        np.all(q <= max_word_probability(p, value) + 1e-15) and np.all(q >= min_word_probability(p, value) - 1e-15)
    )
    ok &= bool(np.all(np.abs(p - q) <= word_gap(value, p) + 1e-15))
    ok &= bool(np.all((p - q) ** 2 <= 4 * value * (p + q) * (1 + 1e-9) + 1e-18))
    ratios = []
    for word in (0.01, 0.3, 0.5, 0.99):
        budget = 1e-8
        sharp = float(max_tpr(word, budget)) - word, word - (1 - float(max_tpr(1 - word, budget)))
        gaps = float(max_word_probability(word, budget)) - word, word - float(min_word_probability(word, budget))
        ratios += [s / f for s, f in zip(sharp, gaps, strict=True)]
        ratios.append(max(sharp) / float(word_gap(budget, word)))
    grid = np.linspace(0, 1, 201)
    for budget in (1e-4, 0.1, 0.6):
        ok &= bool(np.all(max_tpr(grid, budget) <= max_word_probability(grid, budget) + 1e-12))
    return Outcome(ok and min(ratios) > 1 - 1e-4, max(ratios), "every symbol of random pairs; a small budget")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The float bounds are outside the enclosed roots, within rounding of them, and outside T6's exact bound at the word."""
    ok = True
    ends = [(0.0, 0.01), (1.0, 0.01), (1e-300, 1e-300), (1e-9, 1e-12), (0.5, 1e-300), (1 - 2.0**-53, 1e-12), (0.3, LN2)]
    random = zip(10.0 ** rng.uniform(-9, 0, size=cases), 10.0 ** rng.uniform(-9, -0.16, size=cases), strict=True)
    for p, j in [
        *ends,
        *((float(x), float(y)) for x, y in random),
        *((1 - float(rng.uniform()) ** 3, 0.02) for _ in range(cases)),
    ]:
        up, down = float(max_word_probability(p, j)), float(min_word_probability(p, j))
        with precision(2200):
            x, b = arb(fmpq(*p.as_integer_ratio())), arb(fmpq(*j.as_integer_ratio()))
            lean = 2 * b * (1 - 2 * x)
            spread = (lean * lean + (1 + 2 * b) * 8 * b * x * (1 - x)).sqrt()
            top, bottom = outward(x + (lean + spread) / (1 + 2 * b)), outward(x + (lean - spread) / (1 + 2 * b))
        ok &= up == 1.0 or up <= top[1] * (1 + 1e-14) + 1e-300
        ok &= down == 0.0 or down >= bottom[0] - 1e-14 * p - 1e-300
        if j > 1e-8:
            ok &= up >= max_tpr_enclosure(p, j)[0] and 1 - down >= max_tpr_enclosure(1 - p, j)[0] - 2e-16
        else:
            ok &= up >= top[0] and down <= max(bottom[1], 0.0)
        if not ok:
            break
    return Outcome(bool(ok), None, "probabilities from 1e-300 to 1, budgets from 1e-300 to ln 2")


def _word(z: Floats) -> float:
    p, q = laws_at(z, 3)
    both = float(p[0] + q[0])
    return over(float(p[0] - q[0]) ** 2, 2 * divergence(p, q) * both * (2 - both))


def _word_at_unequal_priors() -> float:
    p, q = np.array([0.01, 0.99]), np.array([0.03, 0.97])
    return q[0] / float(max_word_probability(p[0], float(jensen_shannon(p, q, 0.02))))


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("(p - q)^2 <= 2 JSD (p + q)(2 - p - q)", 6, _word),),
    dropped=(Dropped("equal priors", "the divergence at w = 0.02 taken for it", _word_at_unequal_priors),),
    formal=Formal("T38_Words", ("T38_word", "T38_small_words", "T38_every_word")),
    mutations=(
        Mutation("max_word_probability", around(0.99)),
        Mutation("min_word_probability", around(0.99)),
        Mutation("word_gap", scaled(0.99)),
        Mutation("max_word_probability", around(0.99), "enclosure"),
        Mutation("min_word_probability", around(0.99), "enclosure"),
    ),
)
