"""experiments: language models, unlearning, oracles, detectors, audits, and the `mari` command.

`experiments.unlearn(model, data, method)` is one deletion request on one model, `experiments.Start` how that model is trained.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Start", "unlearn"]


def __getattr__(name: str) -> Any:
    # Lazy: `mari check` must run where torch is not installed.
    if name in __all__:
        from experiments.unlearning import request

        return getattr(request, name)
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
