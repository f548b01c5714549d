"""Unlearning methods: a frozen dataclass each, the hooks of `base.Method`, the formula in its docstring.

`METHODS` is the table the command line, the presets and the tests read; a new method is one new row.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from experiments.methods.ascent import GradDiff, GradientAscent, KLGradientAscent, WeightedGradientAscent
from experiments.methods.base import Batch, Method
from experiments.methods.control import RetainOnly
from experiments.methods.dareu import DareU
from experiments.methods.distillation import UNDIAL, JensUn
from experiments.methods.flat import FLAT
from experiments.methods.mari import MarI
from experiments.methods.matched import MatchedMarI
from experiments.methods.preference import NPO, IdkDPO, IdkNLL, SimNPO
from experiments.methods.representation import RMU
from experiments.methods.task_vector import TaskVector
from experiments.settings_words import rule
from mari_theory.errors import ArgumentError, require

METHODS: dict[str, type[Any]] = {
    "retain-only": RetainOnly,
    "mari": MarI,
    "mari-matched": MatchedMarI,
    "flat": FLAT,
    "dareu": DareU,
    "gradient-ascent": GradientAscent,
    "grad-diff": GradDiff,
    "kl-gradient-ascent": KLGradientAscent,
    "weighted-gradient-ascent": WeightedGradientAscent,
    "npo": NPO,
    "simnpo": SimNPO,
    "idk-dpo": IdkDPO,
    "idk-nll": IdkNLL,
    "rmu": RMU,
    "jensun": JensUn,
    "undial": UNDIAL,
    "task-vector": TaskVector,
}

SHORTHANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "mari-paper": ("mari", {"preserve": "kl-from-model", "weight": "batch", "retain_weight": 0.5, "penalty": 0.5}),
    "mari-pooled": ("mari", {"signal": "pooled"}),
    "mari-tokenwise": ("mari", {"signal": "tokenwise"}),
    "mari-likelihood": ("mari", {"signal": "likelihood"}),
    "mari-entropy": ("mari", {"signal": "entropy"}),
    "flat-retain": ("flat", {"retain_weight": 1.0}),
}


RENAMED = {("flat", "keep"): "retain_weight", ("mari", "keep"): "preserve", ("mari", "bank"): "past_batches"}
"""Settings by their names of 0.1: understood until 0.3, with a warning."""


def make_method(name: str, **settings: Any) -> Method:
    """A method by name with its settings. Raises `ArgumentError` on unknown names or settings.

    >>> make_method("grad-diff", gamma=0.01).gamma
    0.01
    """
    base, preset = SHORTHANDS.get(name, (name, {}))
    names = [*METHODS, *SHORTHANDS]
    require(base in METHODS, "method", ", ".join(names), f"{name}{nearest(name, names)}")
    for old, new in ((old, new) for (method, old), new in RENAMED.items() if method == base and old in settings):
        warnings.warn(f"{base}: the setting {old} is called {new} now", DeprecationWarning, stacklevel=2)
        settings[new] = settings.pop(old)
    fields = [f.name for f in dataclasses.fields(METHODS[base])]
    for key in settings:
        require(key in fields, f"method {name}", ", ".join(fields) or "no settings", f"{key}{nearest(key, fields)}")
        _require_type(METHODS[base], name, key, settings[key])
    try:
        method: Method = METHODS[base](**{**preset, **settings})
    except TypeError as e:
        raise ArgumentError(f"method {name}", "its own settings", str(e)) from None
    return method


def retain_terms(methods: Mapping[str, Method]) -> str:
    """Which rows (label -> method) hold what stays in their loss, in a sentence: the field says NPO-RT or NPO for the two.

    >>> retain_terms({"NPO": make_method("npo"), "GA": make_method("gradient-ascent")})
    'All methods but GA hold what stays in their loss (NPO here is what others call NPO-RT, and so on).'
    """
    without = [label for label, method in methods.items() if not method.retain_term]
    which = f"All methods but {', '.join(without)} hold" if without else "Every method holds"
    return (
        f"{which} what stays in {'their' if without else 'its'} loss (NPO here is what others call NPO-RT, and so on)."
    )


def _require_type(method: type[Any], name: str, key: str, value: Any) -> None:
    """A setting is of its annotated type, and finite where it is a number."""
    hint = get_type_hints(method).get(key, Any)
    try:
        TypeAdapter(hint).validate_python(value, strict=True)
    except PydanticSchemaGenerationError:
        return
    except ValidationError as e:
        raise ArgumentError(f"method {name}, {key}", rule(e.errors()[0]["msg"]), value) from None
    number = isinstance(value, float)
    require(not number or math.isfinite(value), f"method {name}, {key}", "a finite number", value)


def nearest(word: str, names: Sequence[str]) -> str:
    """` (did you mean ...?)` when something close is known, else nothing.

    >>> nearest("npu", ["npo", "flat"])
    ' (did you mean npo?)'
    """
    close = difflib.get_close_matches(word, names, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


__all__ = ["METHODS", "SHORTHANDS", "Batch", "Method", "make_method", *sorted(c.__name__ for c in METHODS.values())]
