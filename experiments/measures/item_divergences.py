"""Item by item: how far an option file's arms lie apart on each prompt, exactly."""

from __future__ import annotations

from pathlib import Path

from estimators.exact import ROUNDING, law_ends
from mari_theory.certificates.option_files import read_options
from mari_theory.units import LN2


def item_divergences(path: Path) -> dict[str, tuple[float, float]]:
    """Prompt -> lower and upper end of its Jensen-Shannon divergence, nats (T1, T18): exact up to rounding, which is between them."""
    options = read_options(path)
    ends = law_ends(options)
    return {
        name: (max(float(x) - ROUNDING, 0.0), min(float(x + rest) + ROUNDING, LN2))
        for name, x, rest in zip(options.prompts, ends.divergence, ends.divergence_rest, strict=True)
    }
