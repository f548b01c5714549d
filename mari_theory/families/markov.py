"""Two Markov chains as arms: sequences with exact divergences and exact per-token sums (T11)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require
from mari_theory.units import Floats

Law = tuple[float, ...]


@dataclass(frozen=True)
class MarkovPair:
    """Sequences of states, numbered from 0: the first from the start law, each next from the row of the one before.

    >>> chain = MarkovPair((0.5, 0.5), ((0.9, 0.1), (0.1, 0.9)), (0.5, 0.5), ((0.6, 0.4), (0.4, 0.6)), 5)
    >>> abs(chain.jsd() - sum(chain.token_information())) < 1e-14
    True
    """

    start_p: Law
    """P's law of the first state."""
    rows_p: tuple[Law, ...]
    """P's transition matrix: a row a state, the law of the state after it."""
    start_q: Law
    """Q's law of the first state, on as many states."""
    rows_q: tuple[Law, ...]
    """Q's transition matrix."""
    length: int
    """States in a sequence, at least 1."""

    def __post_init__(self) -> None:
        require(self.length >= 1, "length", "at least one token", self.length)
        for law in (self.start_p, self.start_q, *self.rows_p, *self.rows_q):
            ok = len(law) == len(self.start_p) and min(law) >= 0 and abs(sum(law) - 1) < 1e-9
            require(ok, "law", "probabilities of every state that sum to 1", law)

    def _steps(self, arm: int) -> tuple[Floats, Floats]:
        start, rows = ((self.start_p, self.rows_p), (self.start_q, self.rows_q))[arm]
        return np.array(start), np.array(rows)

    def sequences(self) -> NDArray[np.int64]:
        """All of them, (states^length, length)."""
        require(len(self.start_p) ** self.length <= 2_000_000, "length", "at most 2,000,000 sequences", self.length)
        return np.array(list(product(range(len(self.start_p)), repeat=self.length)))

    def sample(self, arm: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """n sequences from arm 0 (P) or 1 (Q)."""
        start, rows = self._steps(arm)
        out = np.empty((n, self.length), dtype=np.int64)
        law = np.tile(start, (n, 1))
        for t in range(self.length):
            out[:, t] = np.minimum((rng.random((n, 1)) > np.cumsum(law, axis=1)).sum(axis=1), len(start) - 1)
            law = rows[out[:, t]]
        return out

    def step_log_likelihoods(self, x: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Log-probability of every token given those before it, under both arms: shape of `x`."""
        out = []
        for arm in (0, 1):
            start, rows = self._steps(arm)
            with np.errstate(divide="ignore"):
                out.append(np.hstack([np.log(start)[x[:, :1]], np.log(rows)[x[:, :-1], x[:, 1:]]]))
        return out[0], out[1]

    def log_likelihoods(self, x: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Of whole sequences."""
        p, q = self.step_log_likelihoods(x)
        return p.sum(axis=1), q.sum(axis=1)

    def path_information(self, x: NDArray[np.int64]) -> Floats:
        """Rao-Blackwellised terms: sum over t of JSD_{w_t}(P(.|x_<t), Q(.|x_<t)) along each sequence; mean under M is the JSD."""
        return self._information_steps(x).sum(axis=1)

    def _information_steps(self, x: NDArray[np.int64]) -> Floats:
        p, q = self.step_log_likelihoods(x)
        gap = np.cumsum(np.where(p == q, 0.0, q - p), axis=1)
        weight = expit(np.hstack([np.zeros((len(x), 1)), gap[:, :-1]]))
        out = np.empty(x.shape)
        (start_p, rows_p), (start_q, rows_q) = self._steps(0), self._steps(1)
        for t in range(self.length):
            laws = (start_p[None], start_q[None]) if t == 0 else (rows_p[x[:, t - 1]], rows_q[x[:, t - 1]])
            full = tuple(np.broadcast_to(law, (len(x), law.shape[1])) for law in laws)
            out[:, t] = jensen_shannon(full[0], full[1], weight[:, t])
        return out

    def jsd(self) -> float:
        """Exact JSD of the sequences by enumeration, nats."""
        p, q = (np.exp(a) for a in self.log_likelihoods(self.sequences()))
        return float(jensen_shannon(p / p.sum(), q / q.sum()))

    def token_information(self) -> list[float]:
        """The exact terms of T11, one a token, by enumeration; they sum to `jsd()`."""
        x = self.sequences()
        p, q = (np.exp(a) for a in self.log_likelihoods(x))
        return [float(v) for v in (0.5 * (p + q)) @ self._information_steps(x)]
