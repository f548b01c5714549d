"""The rung of greedy answers: each model has one, so an arm's law is the share of its models that give each answer."""

from __future__ import annotations

import numpy as np

from experiments.measures.context import Measurements
from experiments.measures.laws import Place
from experiments.measures.result import PairResult
from experiments.measures.sampled import Arms, certify_laws
from experiments.unlearning.roles import Mixture

GREEDY = "greedy"
"""Name of the rung, also its access in evidence and certificates."""


def greedy_rung(m: Measurements, row: Mixture) -> PairResult:
    """The oracles against a row's models by their greedy answers to the forget questions, exact for these models.

    Of one model an arm a prompt reads 0 or ln 2; of several, training randomness alone makes answers differ, which the floor shows.
    """
    arms = Arms("oracle", m.reference, row, "forget")
    models = list(dict.fromkeys([*arms.p, *arms.q]))
    given = {name: [m.bank.tokenizer.decode(o) for o in m.greedy(name)] for name in models}
    places = []
    for k, item in enumerate(m.corpus.forget):
        options = [*dict.fromkeys(given[name][k] for name in models), "any other answer"]
        laws = {name: np.eye(len(options))[options.index(given[name][k])] for name in models}
        places.append(Place(f"forget-{k}", item.owner, 0, options, laws))
    path = m.evidence(row.name, f"oracle-{GREEDY}")
    channel = f"greedy answer of at most {m.config.scoring.max_new} tokens"
    seen = {"access": GREEDY, "channel": channel}
    margin = m.config.scoring.margin_of(GREEDY)
    return PairResult(certificate=certify_laws(m, arms, places, path, path.stem, seen, margin))
