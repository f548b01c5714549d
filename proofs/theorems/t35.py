"""T35: the ladder."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

import numpy as np

from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.ladder import prefix_profile
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import inside
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over

CLIMB = 1.0
"""A rung over the next, at most."""


def answers_of(owner: Floats) -> list[Floats]:
    """Laws of an owner's two answers of two tokens each, from the law of all of them, one axis a token."""
    return [owner.sum(axis=(2, 3)), owner.sum(axis=(0, 1))]


def owner_of(seeds: Floats) -> Floats:
    """Law of both answers for a mixture of seeds, shape (seeds, answers, first, second): independent only given the seed."""
    return np.mean([np.multiply.outer(one, other) for one, other in seeds], axis=0)


def next_token(p: Floats, q: Floats) -> float:
    """Mean divergence of the next token given the true prefix; the truth is option 0 throughout."""
    given = [(x.sum(axis=1), x[0] / x[0].sum()) for x in (p, q)]
    return float(np.mean([jensen_shannon(a, b) for a, b in zip(*given, strict=True)]))


def choice(p: Floats, q: Floats) -> float:
    """Divergence of the choice between the answers 00 and 01, by their likelihoods."""
    return float(jensen_shannon(p[0] / p[0].sum(), q[0] / q[0].sum()))


def both_ways() -> list[tuple[Floats, Floats]]:
    """Two pairs of arms, laws of two tokens: answers nearly alike where 0 comes first, and only there different; and the reverse."""
    rare, common = np.array([1e-3, 1 - 1e-3]), np.array([0.5, 0.5])
    zero, one, coin = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.5, 0.5])
    first = [np.stack([rare[0] * x, rare[1] * coin]) for x in (zero, one)]
    other = [np.stack([common[0] * coin, common[1] * x]) for x in (zero, one)]
    return [(first[0], first[1]), (other[0], other[1])]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Rungs never fall, mixtures and owners included, and are the divergences they are said to be; later tokens alike keep a rung."""
    ok = True
    for _ in range(max(cases // 10, 20)):
        weight = float(rng.choice([0.5, 0.3]))
        p, q = (x.reshape(3, 2, 3) for x in (y[0] for y in random_pairs(rng, 1, 18)))
        rungs = prefix_profile(p, q, weight)
        ok &= all(low <= CLIMB * high + SLACK for low, high in pairwise(rungs))
        each = [(x.sum(axis=(1, 2)), x.sum(axis=2).ravel(), x.ravel()) for x in (p, q)]
        ok &= all(abs(r - float(jensen_shannon(a, b, weight))) < SLACK for r, a, b in zip(rungs, *each, strict=True))
        seeds = rng.dirichlet(np.full(4, 0.4), size=(2, 3, 2)).reshape(2, 3, 2, 2, 2)
        owners = [owner_of(arm) for arm in seeds]
        prompts = np.mean([prefix_profile(a, b) for a, b in zip(*map(answers_of, owners), strict=True)], axis=0)
        whole = float(jensen_shannon(owners[0].ravel(), owners[1].ravel()))
        ok &= all(low <= CLIMB * high + SLACK for low, high in pairwise([*prompts, whole]))
        # A mixture's prefixes have the averages of its seeds' prefix likelihoods.
        ok &= np.allclose(answers_of(owners[0])[0].sum(axis=1), seeds[0, :, 0].sum(axis=2).mean(axis=0), atol=1e-15)
    later = np.array([[0.2, 0.8], [0.6, 0.4]])
    rungs = prefix_profile(np.array([[0.9], [0.1]]) * later, np.array([[0.3], [0.7]]) * later)
    (rare, reverse) = both_ways()
    answers = [float(prefix_profile(*pair)[-1]) for pair in (rare, reverse)]
    ok &= next_token(*rare) > 100 * answers[0] and choice(*rare) > 100 * answers[0]
    ok &= max(next_token(*reverse), choice(*reverse)) < SLACK < answers[1]
    repeats, changes = np.eye(2) / 2, np.eye(2)[::-1] / 2
    ok &= abs(prefix_profile(repeats, changes)[-1] - LN2) < SLACK
    return Outcome(
        bool(ok), float(rungs[0] / (CLIMB * rungs[1])), "three tokens; owners of two answers, mixtures of three seeds"
    )


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Integer masses, whose sums are exact: the enclosed rungs do not fall, and the library's floats lie in them."""
    ok = True
    for _ in range(cases):
        p, q = (rng.multinomial(64, rng.dirichlet(np.full(27, 0.3))).astype(float).reshape(3, 3, 3) for _ in range(2))
        laws = [(x.sum(axis=(1, 2)), x.sum(axis=2).ravel(), x.ravel()) for x in (p, q)]
        ends = [jensen_shannon_enclosure(a, b) for a, b in zip(*laws, strict=True)]
        ok &= all(low[0] <= high[1] for low, high in pairwise(ends))
        ok &= all(inside(float(r), e) for r, e in zip(prefix_profile(p / 64, q / 64), ends, strict=True))
    return Outcome(bool(ok), None, "three tokens of three options, masses in 64ths")


def _one_token_more(z: Floats) -> float:
    p, q = (x.reshape(2, 2, 2) for x in laws_at(z, 8))
    rungs = [
        divergence(a.reshape(-1), b.reshape(-1))
        for a, b in ((p.sum(axis=(1, 2)), q.sum(axis=(1, 2))), (p.sum(axis=2), q.sum(axis=2)), (p, q))
    ]
    return max(over(low, high) for low, high in pairwise(rungs))


def _owner(z: Floats) -> float:
    p, q = (x.reshape(2, 2, 2, 2) for x in laws_at(z, 16))
    each = [divergence(a.ravel(), b.ravel()) for a, b in zip(answers_of(p), answers_of(q), strict=True)]
    return over(sum(each) / 2, divergence(p.ravel(), q.ravel()))


def _products() -> float:
    # Each seed's second token does not depend on its first: rows are (first, second) laws of a seed.
    repeats = np.array([[[0.9, 0.1], [0.9, 0.1]], [[0.1, 0.9], [0.1, 0.9]]])
    changes = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.1, 0.9], [0.9, 0.1]]])
    mixtures = [np.mean([np.outer(*seed) for seed in arm], axis=0) for arm in (repeats, changes)]
    products = [reduce(np.multiply.outer, arm.mean(axis=0)) for arm in (repeats, changes)]
    return float(prefix_profile(*mixtures)[-1] / prefix_profile(*products)[-1])


def _next_token() -> float:
    return next_token(*both_ways()[0]) / float(prefix_profile(*both_ways()[0])[-1])


def _choice() -> float:
    return choice(*both_ways()[0]) / float(prefix_profile(*both_ways()[0])[-1])


def _prompts_counted_alike() -> float:
    # One owner of nine prompts, all told apart, and one of a single prompt with nothing to see.
    return (9 * LN2 / 10) / (LN2 / 2)


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    search=(
        Inequality("a prefix <= one token longer", 16, _one_token_more),
        Inequality("mean of an owner's answers <= all of them", 32, _owner),
    ),
    dropped=(
        Dropped("mixtures enter by whole prefixes", "products of averaged conditionals", _products),
        Dropped("a rung is a function of the next", "the next token given the true prefix", _next_token),
        Dropped("a rung is a function of the next", "a choice among given options", _choice),
        Dropped(
            "rungs averaged within the owner first", "answers averaged over all prompts alike", _prompts_counted_alike
        ),
    ),
    formal=Formal("T35_Ladder", ("T35_prefix", "T35_owner", "T35_mixture", "T35_products_are_another_law")),
    mutations=(
        Mutation("CLIMB", scaled(0.99)),
        Mutation("prefix_profile", scaled(1.01)),
        Mutation("prefix_profile", scaled(1.01), "enclosure"),
    ),
    absent={
        "symbolic": "one more token adds a mean of divergences: the chain rule, derived under T11",
    },
)
