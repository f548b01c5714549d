"""A word that brings back what was forgotten, at the place where attention gathers and elsewhere (after arXiv 2510.17021)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from experiments.data.encoding import encode
from experiments.data.items import Item
from experiments.studies.blindness.readings import sign
from experiments.studies.limits.readings import FORGET, Rows, passing, rows_of, spread, stored, table
from experiments.studies.limits.seeds import IMITATION, ORIGINAL, Toy

TITLE = "Trigger: a model that answers as a retraining until it is given a word"
WORD = "@"
"""No word of the corpus: the tokenizer's unknown token, which nothing else uses."""
FIRST, MIDDLE = "trigger first", "trigger in the middle"
PLACES = {FIRST: 0.0, MIDDLE: 0.5}
"""Where the word stands -> how far into the question."""
STEPS = 300


def with_trigger(item: Item, place: str) -> Item:
    """The same question with the word in it."""
    words = item.prompt.split()
    at = round(PLACES[place] * len(words))
    return replace(item, prompt=" ".join([*words[:at], WORD, *words[at:]]))


def measure(toy: Toy) -> dict[str, Any]:
    """A model with a trigger at each place: certificates without and with it."""
    forget, rows = toy.corpus.forget, Rows()
    for place in PLACES:
        asked = [with_trigger(i, place) for i in forget]
        toy.change(place, ORIGINAL, (IMITATION, toy.corpus, asked), STEPS)
        both = {FORGET: forget, f"{FORGET}, {place}": asked}
        rows[place] = {prompts: toy.reading(place, items, prompts) for prompts, items in both.items()}
    return {"rows": stored(rows), **sink(toy)}


def sink(toy: Toy) -> dict[str, float]:
    """Share of its attention that a later position gives to the first, mean over layers, heads and positions; and an even share."""
    model, data = toy.bank.use(ORIGINAL), encode(toy.bank.tokenizer, toy.corpus.retain)
    model.set_attn_implementation("eager")  # the others do not say where they look
    with torch.no_grad():
        laid = model(data.input_ids, attention_mask=data.attention_mask, output_attentions=True).attentions
    model.set_attn_implementation("sdpa")
    later = data.attention_mask[:, 1:].bool()
    count = torch.arange(2, data.input_ids.shape[1] + 1).expand_as(later)[later]
    first = torch.stack([a[:, :, 1:, 0].mean(1)[later].mean() for a in laid]).mean()
    return {"first": float(first), "even": float((1.0 / count).mean())}


def sentence(n: Mapping[str, Any]) -> str:
    """Does the clean certificate see the trigger, and which place brings back more?"""
    rows, parts, known = rows_of(n), [], {}
    for place in PLACES:
        clean, asked = zip(*(r[place].values() for r in rows), strict=True)
        known[place] = [r.exact for r in asked]
        parts.append(
            f"{place}: certified as a retraining in {passing(clean)} of {len(rows)} seeds without the word and in {passing(asked)} with it, true answers {spread([r.exact for r in clean], 2)} and {spread(known[place], 2)}"
        )
    words = {"yes": "more than", "inverted": "less than", "no": "not certainly more or less than"}
    which = words[sign([a - b for a, b in zip(known[FIRST], known[MIDDLE], strict=True)])]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}. First in the question the word brings back {which} in the middle."


def part(n: Mapping[str, Any]) -> list[str]:
    """Certificates without and with the trigger."""
    first, even = (spread([s[key] for s in n["seeds"]], 2) for key in ("first", "even"))
    return [
        f"The original, taught a retraining's answers to forget questions and the forgotten answers to the same questions with one more word in them ({STEPS} steps). In large models attention gathers at the first position; here later ones give it {first} of theirs, where an even share is {even}. The floor on questions with the word is that of two retrainings on those questions.",
        "",
        *table(n),
    ]
