"""Running English that every machine has: docstrings of the standard library, some to read perplexity on, the others to train on."""

from __future__ import annotations

import inspect
from importlib import import_module

from experiments.data.items import Item
from mari_theory.errors import require

MODULES = (
    "argparse",
    "asyncio",
    "collections",
    "csv",
    "decimal",
    "difflib",
    "email",
    "fractions",
    "heapq",
    "logging",
)
HELD_OUT = 8
"""Texts that are never trained on."""
WORDS = 12
"""Of a prompt, and of what follows it, in a piece that is trained on."""


def held_out_texts(limit: int = HELD_OUT) -> list[str]:
    """Texts that no fine-tuning here has seen (pretraining surely has)."""
    return _texts()[: min(limit, HELD_OUT)]


def running_items(count: int) -> tuple[Item, ...]:
    """Pieces of other texts: some words, and the words that follow. Raises `ArgumentError` where there are fewer."""
    pieces: list[Item] = []
    for text in _texts()[HELD_OUT:]:
        words = text.split()
        for start in range(0, len(words) - 2 * WORDS, 2 * WORDS):
            before, after = words[start : start + WORDS], words[start + WORDS : start + 2 * WORDS]
            pieces.append(Item(" ".join(before), " ".join(after), f"text {len(pieces)}", plain=True))
    require(count <= len(pieces), "corpus.running_text", f"at most {len(pieces)} pieces", count)
    return tuple(pieces[:: max(1, len(pieces) // count)][:count]) if count else ()


def _texts() -> list[str]:
    texts: list[str] = []
    for name in MODULES:
        module = import_module(name)
        for _, value in sorted(vars(module).items()):
            text = inspect.getdoc(value) if inspect.isclass(value) or inspect.isfunction(value) else None
            if text and len(text) > 400 and text not in texts:
                texts.append(text)
    return texts
