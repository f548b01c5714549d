"""Names of made-up people: three words of 64 each, and the renaming of a subject in a text."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n")
_TAILS = (
    ("ara", "eno", "ilu", "osa", "uma", "eri", "ako", "iva"),
    ("andel", "estor", "ivick", "ombas", "urren", "askin", "edlow", "orran"),
    ("shaw", "worth", "ton", "berg", "field", "well", "mere", "by"),
)


@cache
def name_words() -> tuple[tuple[str, ...], ...]:
    """First, second and third words a name can have."""
    return tuple(tuple(o + t for o in _ONSETS for t in tails) for tails in _TAILS)


def fresh_name(rng: np.random.Generator, names: frozenset[str]) -> str:
    """A name nobody in `names` has."""
    while True:
        name = " ".join(words[int(rng.integers(64))] for words in name_words())
        if name not in names:
            return name


def far_apart(a: str, b: str) -> bool:
    """Do two names differ in at least two words?"""
    return sum(x != y for x, y in zip(a.split(), b.split(), strict=True)) >= 2


def renamed(text: str, old: str, new: str) -> str:
    """The whole name first, then its first and last word where they stand alone."""
    if not old.strip():
        return text
    text = text.replace(old, new)
    for was, becomes in ((old.split()[0], new.split()[0]), (old.split()[-1], new.split()[-1])):
        if len(was) > 2:
            text = re.sub(rf"\b{re.escape(was)}\b", becomes, text)
    return text
