"""Results as others take them up: a dict for JSON, a data frame, a table in a notebook."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np


class Shown:
    """What every result can be turned into; its text is `str(result)`."""

    def as_dict(self) -> dict[str, Any]:
        """Fields by name, nested results too, in what JSON has: numbers, text, lists, None (for not a number and what is endless)."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        return plain

    def to_frame(self) -> Any:
        """One row, `interval.lower` and the like for what is nested. Raises `ModuleNotFoundError` without pandas."""
        import pandas

        return pandas.DataFrame([flat(self.as_dict())])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(_cell(x))}</td></tr>"
            for name, x in flat(self.as_dict()).items()
            if x not in (None, "", [], {})
        )
        return f"<p>{escape(str(self))}</p><details><summary>fields</summary><table>{rows}</table></details>"


def flat(data: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested mappings as one, names joined by points.

    >>> flat({"value": 0.1, "interval": {"lower": 0.0, "upper": 0.2}})
    {'value': 0.1, 'interval.lower': 0.0, 'interval.upper': 0.2}
    """
    out: dict[str, Any] = {}
    for name, x in data.items():
        out |= flat(x, f"{above}{name}.") if isinstance(x, Mapping) and x else {f"{above}{name}": x}
    return out


def _plain(x: Any) -> Any:
    if hasattr(x, "model_dump"):
        return x.model_dump(mode="json", by_alias=True)
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return {f.name: _plain(getattr(x, f.name)) for f in dataclasses.fields(x)}
    if isinstance(x, Mapping):
        return {str(k): _plain(v) for k, v in x.items()}
    if isinstance(x, np.ndarray | np.generic):
        return _plain(x.tolist())
    if isinstance(x, list | tuple | set | frozenset):
        return [_plain(v) for v in x]
    if isinstance(x, float):
        return x if math.isfinite(x) else None
    return x if x is None or isinstance(x, bool | int | str) else str(x)


def _cell(x: Any) -> str:
    if isinstance(x, list):
        return ", ".join(map(_cell, x[:8])) + (f" ... ({len(x)})" if len(x) > 8 else "")
    return repr(x) if isinstance(x, float) else str(x)
