"""Imitating a retraining's answers does not make a model relearn like one (UNDO, arXiv 2506.06278)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_scores
from experiments.measures.robustness import Relearning, relearning_attack
from experiments.studies.blindness.readings import sign
from experiments.studies.limits.readings import FORGET, Rows, passing, rows_of, spread, stored, table
from experiments.studies.limits.seeds import IMITATION, NPO, ORACLE, ORIGINAL, TWIN, UNLEARNED, Toy

TITLE = "Relearning: a model that answers as a retraining does"
IMITATING = {start: f"{start}, then imitation" for start in (ORIGINAL, NPO)}
"""Model that is taught a retraining's answers -> what comes of it."""
TURNS, STEPS = 5, 100
"""Of imitation: at most so many turns of so many steps."""
ATTACKS, SHARE = (2, 5, 10, 20, 40), 0.25
"""Steps of relearning, and share of the forget owners that it is shown."""


def measure(toy: Toy) -> dict[str, Any]:
    """Certificates and relearning of unlearned and imitating models, and of a retraining."""
    steps = {name: imitate(toy, start) for start, name in IMITATING.items()}
    names = (TWIN, *(m.label for m in UNLEARNED), *steps)
    rows: Rows = {name: {FORGET: toy.reading(name, toy.corpus.forget, FORGET)} for name in names}
    return {"rows": stored(rows), "steps": steps, "curves": {name: relearn(toy, name) for name in names}}


def imitate(toy: Toy, start: str) -> int:
    """Teach until the divergence from the teacher is at most that of another retraining; returns the steps."""
    name, steps, prompts = IMITATING[start], 0, toy.tokens(toy.asked(toy.corpus.forget))
    floor = enumerate_divergence(toy.bank, [ORACLE], [TWIN], prompts)[0]
    for turn in range(1 if toy.quick else TURNS):
        task = (IMITATION, toy.corpus, ())
        steps += toy.change(name, name if turn else start, task, STEPS, turn)
        if enumerate_divergence(toy.bank, [ORACLE], [name], prompts)[1] <= floor:
            break
    return steps


def relearn(toy: Toy, name: str) -> dict[str, Any]:
    """Accuracy and loss on forget items that an attack does not show, by its steps; and accuracy on those that the longest shows."""
    model, tokenizer, forget = toy.bank.use(name), toy.bank.tokenizer, toy.corpus.forget
    attacks = [
        relearning_attack(model, tokenizer, toy.corpus, Relearning(SHARE, steps), seed=toy.config.seed)
        for steps in ATTACKS[: 2 if toy.quick else None]
    ]
    hidden, points = attacks[0].hidden, []
    for steps, variant in ((0, model), *((a.steps, a.model) for a in attacks)):
        scores = item_scores(variant, tokenizer, hidden)
        points.append({"step": steps, "exact": scores.exact.mean(), "loss": scores.loss.mean()})
    return {"points": points, "shown": toy.accuracy(attacks[-1].model, [i for i in forget if i not in hidden])}


def regained(curve: Mapping[str, Any]) -> float:
    """Accuracy on hidden items, mean over the attacks, less that before."""
    before, *after = (p["exact"] for p in curve["points"])
    return float(np.mean(after)) - float(before)


def sentence(n: Mapping[str, Any]) -> str:
    """Does an imitating model give back more than a retraining, and did its certificate say so?"""
    seeds, parts = n["seeds"], []
    own = [regained(s["curves"][TWIN]) for s in seeds]
    words = {"yes": "more than", "inverted": "less than", "no": "not certainly more or less than"}
    for name in IMITATING.values():
        back = [regained(s["curves"][name]) for s in seeds]
        said = words[sign([a - b for a, b in zip(back, own, strict=True)])]
        passed = passing([r[name][FORGET] for r in rows_of(n)])
        parts.append(
            f"`{name}` is certified as a retraining in {passed} of {len(seeds)} seeds and, shown some forgotten owners, gives back {said} a retraining does of the others ({spread(back, 2, plus=True)} of the answers against {spread(own, 2, plus=True)})"
        )
    return f"{'; '.join(parts)}."


def part(n: Mapping[str, Any]) -> list[str]:
    """Certificates, and the curves."""
    steps = [x for s in n["seeds"] for x in s["steps"].values()]
    shown = [c["shown"] for s in n["seeds"] for c in s["curves"].values()]
    return [
        f"`X, then imitation`: X taught the answers of `{ORACLE}` to forget questions until it is as near to it as `{TWIN}`, another retraining ({min(steps)} to {max(steps)} steps). Then {100 * SHARE:.0f} % of the forgotten owners are shown to every model, for as many steps as the figure says; after the longest attack it knows {spread(shown, 2)} of their answers. The curves are of the owners not shown, about whom nothing that is shown tells.",
        "",
        *table(n),
        "",
        "![accuracy and loss on forgotten answers that are not shown](limits-relearning.png)",
    ]
