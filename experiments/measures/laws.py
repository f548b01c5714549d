"""Laws of several models over the same options, and the option file they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
REST = "rest"
"""Name of the option that stands for all options left out."""
LEFT = 1e-4
"""Mass that may be left out; where the number of options is capped before, what is left is more. The upper end counts it at ln 2."""


class Names(Sequence[str]):
    """Names of so many options, made when asked for: of a whole vocabulary only a few are written."""

    def __init__(self, size: int, name: Callable[[int], str]) -> None:
        self._size, self._name = size, name

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, k: Any) -> Any:
        if not 0 <= k < self._size:
            raise IndexError(k)
        return self._name(k)


def answer_options(count: int) -> list[str]:
    """Names of the options of a choice: the true answer, then the wrong ones."""
    return ["true answer", *(f"false answer {k + 1}" for k in range(count - 1))]


@dataclass(frozen=True)
class Place:
    """What every model says at one place of one prompt: probabilities of the same options."""

    prompt: str
    """Its id in the option file."""
    owner: str
    """Whom the prompt is about."""
    number: int
    """Of the place within its prompt."""
    options: Sequence[str]
    """Names of what can come."""
    laws: dict[str, Floats]
    """Model -> probability of each option."""

    def trimmed(self, most: int, rest: float = LEFT) -> Place:
        """The options that hold all but `rest` of the mass under every model (at most `most` of them), and one for what is left."""
        table = np.stack(list(self.laws.values()))
        order = np.argsort(-table.max(axis=0), kind="stable")[:most]
        left = 1.0 - np.cumsum(table[:, order], axis=1)
        enough = np.flatnonzero(np.all(left <= rest, axis=0))
        top = order[: int(enough[0]) + 1] if enough.size else order
        laws = {
            name: np.append(law[top], max(1.0 - float(law[top].sum()), 0.0))
            for name, law in zip(self.laws, table, strict=True)
        }
        return replace(self, options=[*(self.options[k] for k in top.tolist()), REST], laws=laws)


def option_columns(places: Iterable[Place], arms: tuple[Sequence[str], Sequence[str]]) -> dict[str, list[Any]]:
    """Columns of an option file: the laws of the models of arm P, then of arm Q, place by place."""
    columns: dict[str, list[Any]] = {
        k: [] for k in ("prompt_id", "cluster_id", "place", "option", "arm", "model", "log_weight")
    }
    for place in places:
        size = len(place.options)
        for arm, members in enumerate(arms):
            for model in members:
                with np.errstate(divide="ignore"):
                    weights = np.log(place.laws[model]).tolist()
                row = (place.prompt, place.owner, place.number, None, arm, model, None)
                for (key, column), value in zip(columns.items(), row, strict=True):
                    column += place.options if key == "option" else weights if key == "log_weight" else [value] * size
    return columns
