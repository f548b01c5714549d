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
COMPLETE, REQUEST, TOUCHED = "complete request", "its request", "missing or changed"
"""The request as it should be; the prompts of a request, and the true ones that it misses or changes."""


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
SHARES = {"missing": (0.1, 0.25, 0.5), "reworded": (0.1, 0.25, 0.5), "marked": (0.5,)}
"""Fault -> of how many items it has that fault."""


def faulty(items: Sequence[Item], fault: str, share: float, seed: int) -> Request:
    """The request for these items with this fault in a share of them."""
    chosen = set(np.random.default_rng([seed, 71]).permutation(len(items))[: round(share * len(items))].tolist())
    found = [FAULTS[fault](i) if k in chosen else i for k, i in enumerate(items)]
    touched = tuple(i for i, new in zip(items, found, strict=True) if new != i)
    return Request(tuple(i for i in found if i is not None), touched)


def measure(toy: Toy) -> dict[str, Any]:
    """One method on every request: certified on the request's prompts, and on all that should have been forgotten."""
    entry = next(m for m in UNLEARNED if m.label == MATCHED)
    method, forget, rows = make_method(entry.name, **entry.settings), toy.corpus.forget, Rows()
    requests = {COMPLETE: Request(forget, ())}
    for fault, shares in SHARES.items():
        for share in shares[-1:] if toy.quick else shares:
            requests[f"{100 * share:.0f} % {fault}"] = faulty(forget, fault, share, toy.config.seed)
    for name, (items, touched) in requests.items():
        toy.change(name, ORIGINAL, (method, replace(toy.corpus, forget=items), ()), toy.config.unlearn.steps)
        # Where the prompts are the same so are their certificates.
        same = toy.tokens(items) == toy.tokens(forget)
        asked = {REQUEST: (FORGET if same else f"{REQUEST}, {name}", items), FORGET: (FORGET, forget)}
        asked |= {TOUCHED: (f"{TOUCHED}, {name}", touched)} if touched else {}
        rows[name] = {key: toy.reading(name, part, prompts) for key, (prompts, part) in asked.items()}
    return {"rows": stored(rows)}


def sentence(n: Mapping[str, Any]) -> str:
    """Where does a certificate over the request pass while one over all that should go, or over what it misses or changes, does not?"""
    rows, blind = rows_of(n), dict[str, list[str]]({FORGET: [], TOUCHED: []})
    names = [name for name in rows[0] if name != COMPLETE]
    for key, found in blind.items():
        for name in names:
            count = sum(r[name][REQUEST].verdict == PASSED != r[name][key].verdict for r in rows)
            found += [f"{name} ({count} of {len(rows)} seeds)"] if count else []
    known = {name: [r[name][TOUCHED].exact for r in rows] for name in names}
    most, whole = max(known, key=lambda k: float(np.mean(known[k]))), [r[COMPLETE][FORGET].exact for r in rows]
    every, touched = (", ".join(found) or "none" for found in blind.values())
    return f"Certified as a retraining over the request's prompts and not over all that should have gone: {every}; not over what the request misses or changes: {touched}. Most of that is left after {most}: {spread(known[most], 2)} of the true answers are known, {spread(whole, 2)} of all after the complete request."


def part(n: Mapping[str, Any]) -> list[str]:
    """A line a request and set of prompts."""
    return [
        f"{MATCHED} on the original, the same steps for every request. *Missing*: items that are not in the request; *reworded*: their questions put another way, the subject first; *marked*: their answers replaced where a watermark does not favour the word. `{REQUEST}`: the prompts of the request; `{FORGET}`: all that should have gone; `{TOUCHED}`: the part of it that the request does not have as it is.",
        "",
        *table(n),
    ]
