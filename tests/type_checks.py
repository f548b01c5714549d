"""Shape and type annotations, checked while the tests run: every function's first calls, and one in a hundred later.

A function that is called in a loop costs several times its own time when each call is checked, and says no more than its first calls do.
`MARI_CHECK_EVERY_CALL=1` checks all of them (`make types`, a part of `make release-check`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import partial, wraps
from inspect import isclass
from types import CodeType
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype

EVERY_CALL = "MARI_CHECK_EVERY_CALL"
FIRST = 30
"""Calls of a function, and makings of a nested one, that are all checked."""
LATER = 100
"""After them, one in so many."""

_numbers = BeartypeConf(is_pep484_tower=True)
_strictly: Callable[..., Any] = jaxtyping.jaxtyped
_nested: Counter[CodeType] = Counter()


def typechecker(function: Any) -> Any:
    """beartype with int accepted where float is asked for."""
    return beartype(conf=_numbers)(function)


def sampled(made: Any = None, *, typechecker: Any) -> Any:
    """Stands where jaxtyping's import hook puts `jaxtyped`; a function is prepared for its checks when it is first called."""
    if made is None:
        return partial(sampled, typechecker=typechecker)
    if isclass(made):
        if "__init__" in vars(made) and is_dataclass(made):
            made.__init__ = sampled(made.__init__, typechecker=typechecker)  # type: ignore[method-assign]
        return made
    if "<locals>" in made.__qualname__:
        # A nested function is made anew in every call around it, and preparing it takes longer than most of them run.
        _nested[made.__code__] += 1
        if _nested[made.__code__] > FIRST:
            return made
    strict: Any = None
    calls = 0

    @wraps(made)
    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal strict, calls
        calls += 1
        if calls > FIRST and calls % LATER:
            return made(*args, **kwargs)
        if strict is None:
            strict = _strictly(made, typechecker=typechecker)
        return strict(*args, **kwargs)

    return function


def install(packages: list[str]) -> None:
    """Check what is imported from these packages from now on."""
    if not os.environ.get(EVERY_CALL):
        jaxtyping.jaxtyped = sampled  # type: ignore[assignment]
    jaxtyping.install_import_hook(packages, f"{__name__}.typechecker")
