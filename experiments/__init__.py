"""experiments: language models, unlearning, oracles, detectors, audits, and the `mari` command.

`experiments.unlearn(model, data, method)` is one deletion request on one model.
"""

from __future__ import annotations

from typing import Any

__all__ = ["unlearn"]


def __getattr__(name: str) -> Any:
    # Lazy: `mari check` must run where torch is not installed.
    if name == "unlearn":
        from experiments.unlearning.request import unlearn

        return unlearn
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
