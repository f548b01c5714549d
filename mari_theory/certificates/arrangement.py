"""Which rows of a score file a method may use, with what weights and in what pairs. Design is stated, or order does not matter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mari_theory.certificates.files import Scores
from mari_theory.errors import ArgumentError, require
from mari_theory.units import Floats, Integers

ANY_ORDER = ("order-free", "hoeffding")
"""Methods that need independent rows only."""
RANDOM_ORDER = ("betting", "betting-anytime", "maurer-pontil")
"""Methods that need rows drawn at random, stated by the file and not contradicted by their order."""
SAMPLED = (*ANY_ORDER, *RANDOM_ORDER)
RUNS_LEVEL = 1e-4


@dataclass(frozen=True)
class Weights:
    """Weight of row r is n / (2 cells[r]): each arm counts half, and within an arm each prompt alike unless rows were drawn at random.

    `cells[r]` is the number of rows that share its prompt and arm, times the number of prompts; or, for `iid`, of its arm.
    """

    rows: Integers
    """Row numbers."""
    cells: Integers
    """Rows that share the weight, times the number of prompts."""

    @property
    def top(self) -> float:
        """The largest weight."""
        return self.rows.size / (2.0 * float(self.cells.min()))

    def relative(self) -> Floats:
        """Weights divided by the largest, in (0, 1]."""
        return self.cells.min() / self.cells.astype(float)


def require_method(s: Scores, method: str) -> None:
    """Raise `ArgumentError` where `method` may not be used on these rows."""
    require(method in SAMPLED, "interval", ", ".join(SAMPLED), method)
    for own in (0, 1):
        require(bool(np.any(s.arm == own)), "arm", "rows of both arms (0 and 1)", f"no row of arm {own}")
    require(s.design != "complete", "design", "iid or independent for sampled rows", s.design)
    if s.stopping == "anytime":
        require(
            method == "betting-anytime",
            "interval",
            "betting-anytime for rows that were looked at as they came (stopping: anytime)",
            method,
        )
    if method in RANDOM_ORDER:
        require(
            s.design == "iid",
            "interval",
            f"{' or '.join(ANY_ORDER)} for a file that does not say design: iid (rows drawn at random)",
            method,
        )
        for own in (0, 1):
            runs, fewest = runs_of_prompts(s.prompt[s.arm == own])
            require(
                runs >= fewest,
                "design",
                f"rows in random order ({fewest} runs of prompts or more in arm {own}), or {' or '.join(ANY_ORDER)}",
                f"{runs} runs: rows grouped by prompt",
            )


def runs_of_prompts(prompt: Integers) -> tuple[int, int]:
    """Runs of equal prompts in this order, and the fewest that a random order makes except with probability 1e-4.

    Neighbours of one prompt are counted: their number has mean sum n_i (n_i - 1)/n in a random order, and beyond the mean lies
    below both its normal and its Poisson limit at this level; the larger is used. One prompt always has one run.

    >>> runs_of_prompts(np.repeat(np.arange(20), 10))
    (20, 178)
    """
    n = prompt.size
    runs = 1 + int(np.count_nonzero(np.diff(prompt))) if n else 0
    counts = np.unique(prompt, return_counts=True)[1].astype(float)
    if counts.size < 2:
        return runs, min(runs, 1)
    s2, s3 = float((counts**2).sum()), float((counts**3).sum())
    mean = (s2 - n) / n
    variance = max(s2 * (s2 + n * (n + 1)) - 2 * n * s3 - n**3, 0.0) / (n * n * (n - 1.0))
    from scipy.stats import norm, poisson

    normal = mean + float(norm.isf(RUNS_LEVEL)) * math.sqrt(variance) + 1
    most = math.ceil(max(normal, float(poisson.isf(RUNS_LEVEL, mean))))
    return runs, max(1, n - most)


def weights(s: Scores, rows: Integers | None = None) -> Weights:
    """Weights of the given rows (default all). Raises `ArgumentError` where a prompt has rows of one arm only.

    Rows drawn at random (`iid`) need no balance within a prompt: the prompts' law is the same in both arms.
    """
    at = np.arange(s.arm.size) if rows is None else rows
    arm = s.arm[at].astype(np.int64)
    in_arm = np.bincount(arm, minlength=2)
    require(int(in_arm.min()) > 0, "arm", "rows of both arms (0 and 1)", "one arm")
    if s.design == "iid":
        return Weights(at, in_arm[arm])
    names, code = np.unique(s.prompt[at], return_inverse=True)
    table = np.bincount(2 * code + arm, minlength=2 * names.size).reshape(-1, 2)
    lacking = np.flatnonzero(table.min(axis=1) == 0)
    if lacking.size:
        name = s.prompts[int(names[lacking[0]])]
        raise ArgumentError(
            "prompt_id",
            "rows of both arms for every prompt, or a file that says design: iid (prompts drawn at random)",
            f"prompt {name!r} with rows of one arm only",
        )
    return Weights(at, table[code, arm] * names.size)


def file_order_pairs(s: Scores) -> tuple[Integers, Integers]:
    """The i-th row of P with the i-th of Q; rows of the larger arm beyond the smaller are left out."""
    of_p, of_q = np.flatnonzero(s.arm == 0), np.flatnonzero(s.arm == 1)
    pairs = min(of_p.size, of_q.size)
    return of_p[:pairs], of_q[:pairs]


def groups(codes: Integers, count: int) -> list[Integers]:
    """Row numbers of each code, in file order."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))


def unit_weights(s: Scores, codes: Integers, count: int) -> list[Weights | None]:
    """Weights of each unit's rows; None where rows drawn at random left a unit without one of the arms."""
    out: list[Weights | None] = []
    for rows in groups(codes, count):
        both = bool(np.any(s.arm[rows] == 0) and np.any(s.arm[rows] == 1))
        out.append(weights(s, rows) if both or s.design != "iid" else None)
    return out
