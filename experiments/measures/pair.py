"""Two arms side by side: draw from both, score every output under both, certify, write the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimators.likelihood_ratio import certify_likelihood_ratio
from estimators.results import Certified
from experiments.measures.sampling import Draws, draw, log_likelihoods
from experiments.models.banks import ModelBank

Floats = NDArray[np.float64]
STATED = {"design": "iid", "stopping": "fixed"}
"""What a score file of such a pair says of itself: prompts and outputs drawn afresh for every row, a number fixed beforehand."""


@dataclass(frozen=True)
class Pair:
    """Outputs of two arms, each scored under both; where rows run over both arms, those of P come first."""

    p: Draws
    """Outputs of arm P."""
    q: Draws
    """Outputs of arm Q."""
    log_p: Floats
    """Log-likelihood of each whole output under P, nats, shape (outputs of both arms,)."""
    log_q: Floats
    """The same under Q."""

    @property
    def arm(self) -> NDArray[np.int64]:
        """0 for outputs of P, 1 for outputs of Q."""
        return np.repeat([0, 1], [len(self.p.outputs), len(self.q.outputs)])

    @property
    def prompt_index(self) -> NDArray[np.int64]:
        """Which prompt each output answers."""
        return np.concatenate([self.p.prompt_index, self.q.prompt_index])

    @property
    def outputs(self) -> list[list[int]]:
        """Token ids of each output."""
        return [*self.p.outputs, *self.q.outputs]

    def jsd(self, confidence: float) -> Certified:
        """Certified divergence of one sampled output, averaged over the prompts (T15)."""
        return certify_likelihood_ratio(self.log_p, self.log_q, self.arm, confidence, design="iid").jsd

    def columns(self, prompt_ids: Sequence[str], owners: Sequence[str]) -> dict[str, Any]:
        """Of a score file; `prompt_ids` and `owners` are those of the prompts."""
        index = self.prompt_index
        return {
            "prompt_id": [prompt_ids[int(i)] for i in index],
            "cluster_id": [owners[int(i)] for i in index],
            "arm": self.arm,
            "log_p": self.log_p,
            "log_q": self.log_q,
            "tokens": [len(o) for o in self.outputs],
            "draw": np.concatenate([np.arange(len(self.p.outputs)), np.arange(len(self.q.outputs))]),
        }


@dataclass(frozen=True)
class Plan:
    """How many outputs are drawn, and with which seeds."""

    draws: int
    """Outputs an arm."""
    max_new: int
    """Tokens an output at most."""
    seeds: tuple[int, int]
    """Of arm P and of arm Q."""


def decoding(max_new: int) -> dict[str, Any]:
    """How outputs are drawn, as evidence files say it."""
    return {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "max_length": max_new}


def score_pair(
    bank: ModelBank, p: Sequence[str], q: Sequence[str], prompts: Sequence[list[int]], draws: tuple[Draws, Draws]
) -> Pair:
    """Outputs already drawn from both arms, scored under both."""
    log_p, log_q = (np.concatenate([log_likelihoods(bank, arm, prompts, d) for d in draws]) for arm in (p, q))
    return Pair(*draws, log_p, log_q)


def sample_pair(
    bank: ModelBank,
    p: Sequence[str],
    q: Sequence[str],
    prompts: Sequence[list[int]],
    plan: Plan,
) -> Pair:
    """Outputs of each arm, scored under both."""
    of_p, of_q = (draw(bank, a, prompts, plan.draws, plan.max_new, s) for a, s in zip((p, q), plan.seeds, strict=True))
    return score_pair(bank, p, q, prompts, (of_p, of_q))
