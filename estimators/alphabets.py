"""The symbols that can occur, as a number, a list or a file: what a certified interval from counts has to be told."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from estimators.samples import as_labels
from mari_theory.errors import require

_TRUTH = {"true": True, "false": False, "1": True, "0": False}
_FORMS = "a number of symbols, a list a,b,c or a file with one symbol a line"


@dataclass(frozen=True)
class Alphabet:
    """All possible symbols: how many, and their names where they were listed.

    >>> Alphabet.parse("300").size, Alphabet.parse("yes,no,none").size
    (300, 3)
    >>> Alphabet.parse("yes,no").size_for("x", ["yes", "yes"])
    2
    """

    size: int
    """Number of possible symbols."""
    symbols: tuple[str, ...] = ()
    """Their names, where they are listed."""

    @classmethod
    def parse(cls, text: str) -> Alphabet:
        """From `300`, `a,b,c`, or the path of a file with one symbol a line; raises `ArgumentError` on anything else.

        Symbols are compared as the sample's kind: `01` and `1.0` are one number, and two texts. Blanks around them are dropped.
        """
        text = text.strip()
        if text.isdecimal():
            require(len(text) <= 15 and int(text) >= 1, "alphabet", "a number between 1 and 10^15", text)
            return cls(int(text))
        if os.path.isfile(text):  # False, not an error, for a list too long to be a path
            try:
                symbols = [line.strip() for line in Path(text).read_text("utf-8").splitlines()]
            except UnicodeDecodeError:
                require(False, "alphabet", "a text file in UTF-8", text)
                raise
            symbols = [s for s in symbols if s]
        else:
            require("," in text, "alphabet", _FORMS, text)
            symbols = [s.strip() for s in text.split(",")]
        require(symbols and all(symbols), "alphabet", "symbols that are not empty", text)
        most, times = Counter(symbols).most_common(1)[0]
        require(times == 1, "alphabet", "each symbol once", f"{most} {times} times")
        return cls(len(symbols), tuple(symbols))

    def size_for(self, name: str, labels: Any) -> int:
        """The size, once every label of the sample is known to fit; raises `ArgumentError` on a symbol outside or too many seen."""
        values = np.unique(as_labels(name, labels))
        require(values.size <= self.size, f"{name}'s alphabet", f"at least the {values.size} symbols seen", self.size)
        if self.symbols:
            members = {_as_kind(values.dtype.kind, s) for s in self.symbols}
            outside = [s for s in values.tolist() if _plain(s) not in members]
            more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
            require(not outside, name, "symbols of the alphabet", f"{outside[0]}{more}" if outside else "")
        return self.size


def _plain(symbol: Any) -> Any:
    return symbol.decode("utf-8", "replace") if isinstance(symbol, bytes) else symbol


def _as_kind(kind: str, symbol: str) -> Any:
    """A listed symbol as a value of the sample's kind; one that is none cannot be seen and still counts."""
    try:
        if kind in "iu":
            return int(symbol)
        if kind == "f":
            return float(symbol)
        return _TRUTH[symbol.lower()] if kind == "b" else symbol
    except (ValueError, KeyError):
        return None
