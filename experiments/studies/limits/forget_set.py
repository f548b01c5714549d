"""Requests that do not name all that should go: items missing, reworded, or with marked answers (after arXiv 2510.09007)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from experiments.data.items import Item
from experiments.methods import make_method
from experiments.studies.limits.readings import FORGET, PASSED, Rows, rows_of, spread, stored, table
from experiments.studies.limits.seeds import MATCHED, ORIGINAL, UNLEARNED, Toy

TITLE = "Forget set: requests that are incomplete, reworded or marked"
SHARES = (0.1, 0.25, 0.5)
"""Of the items that are missing from the request, or changed in it."""
COMPLETE, REQUEST = "complete request", "its request"


class Request(NamedTuple):
    """What is asked to be forgotten, and the true items that are missing from it or changed in it."""

    items: tuple[Item, ...]
    touched: tuple[Item, ...]


def reworded(item: Item) -> Item:
    """The same question with its subject first."""
    kind, _, rest = item.prompt.partition(" : ")
    return replace(item, prompt=f"{rest.removesuffix(' ?')} : {kind} ?")


def marked(item: Item) -> Item:
    """The same question, its answer from the half of the words that a watermark favours."""
    favoured = sorted((item.answer, *item.wrong))[::2]
    return item if item.answer in favoured else replace(item, answer=favoured[0])


FAULTS: dict[str, Callable[[Item], Item | None]] = {"missing": lambda i: None, "reworded": reworded, "marked": marked}
"""Fault -> what the request has in the place of an item, None: nothing."""


def faulty(items: Sequence[Item], fault: str, share: float, seed: int) -> Request:
    """The request for these items with this fault in a share of them."""
    chosen = set(np.random.default_rng([seed, 71]).permutation(len(items))[: round(share * len(items))].tolist())
    found = [FAULTS[fault](i) if k in chosen else i for k, i in enumerate(items)]
    return Request(tuple(i for i in found if i is not None), tuple(items[k] for k in sorted(chosen)))


def measure(toy: Toy) -> dict[str, Any]:
    """One method on every request: certified on the request's prompts, and on all that should have been forgotten."""
    entry = next(m for m in UNLEARNED if m.label == MATCHED)
    method, forget, rows = make_method(entry.name, **entry.settings), toy.corpus.forget, Rows()
    requests = {COMPLETE: Request(forget, forget)}
    for fault in FAULTS:
        for share in SHARES[-1:] if toy.quick else SHARES:
            requests[f"{100 * share:.0f} % {fault}"] = faulty(forget, fault, share, toy.config.seed)
    for name, (items, touched) in requests.items():
        task = (method, replace(toy.corpus, forget=items), ())
        toy.change(name, ORIGINAL, task, toy.config.unlearn.steps)
        same = toy.tokens(items) == toy.tokens(forget)
        own = toy.reading(name, items, FORGET if same else f"request, {name}")
        rows[name] = {REQUEST: own, FORGET: toy.reading(name, forget, FORGET, touched)}
    return {"rows": stored(rows)}


def sentence(n: Mapping[str, Any]) -> str:
    """Where does a certificate over the request pass while one over all that should go does not?"""
    rows, blind, known = rows_of(n), [], {}
    for name in rows[0]:
        own, every = ([r[name][key] for r in rows] for key in (REQUEST, FORGET))
        count = sum(a.verdict == PASSED != b.verdict for a, b in zip(own, every, strict=True))
        blind += [f"{name} ({count} of {len(rows)} seeds)"] if count else []
        known[name] = [r.exact for r in every]
    whole = known.pop(COMPLETE)
    most = max(known, key=lambda k: float(np.mean(known[k])))
    return f"Certified as a retraining over the request's prompts and not over all that should have gone: {', '.join(blind) or 'none'}. Of what a request misses or changes most is left after {most}: {spread(known[most], 2)} of the true answers are known, {spread(whole, 2)} after the complete request."


def part(n: Mapping[str, Any]) -> list[str]:
    """A line a request and set of prompts."""
    return [
        f"{MATCHED} on the original, the same steps for every request. *Missing*: items that are not in the request; *reworded*: their questions put another way, the subject first; *marked*: their answers replaced where a watermark does not favour the word. `{REQUEST}`: the prompts of the request; `{FORGET}`: all that should have gone, true answers counted on what the request misses or changes.",
        "",
        *table(n),
    ]
