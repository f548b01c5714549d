"""Running English that every machine has and no fine-tuning here has seen: docstrings of the standard library."""

from __future__ import annotations

import inspect
from importlib import import_module

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


def running_texts(limit: int = 8) -> list[str]:
    """To read perplexity on (pretraining has surely seen them)."""
    return _texts()[:limit]


def _texts() -> list[str]:
    texts: list[str] = []
    for name in MODULES:
        module = import_module(name)
        for _, value in sorted(vars(module).items()):
            text = inspect.getdoc(value) if inspect.isclass(value) or inspect.isfunction(value) else None
            if text and len(text) > 400 and text not in texts:
                texts.append(text)
    return texts
