"""What a setting may be, in words: every setting of a training run has them, and they name its ends."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, get_type_hints

import pytest
from pydantic import Field, TypeAdapter

from experiments.config import LoopSettings
from experiments.settings_words import bounds, rule

HINTS = get_type_hints(LoopSettings, include_extras=True)


@pytest.mark.parametrize("name", [f.name for f in fields(LoopSettings)])
def test_every_loop_setting_has_words(name: str) -> None:
    words = bounds(TypeAdapter(HINTS[name]).json_schema())
    assert words and words == words.strip()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Annotated[float, Field(gt=0, lt=1)], "a number in (0, 1)"),
        (Annotated[float, Field(ge=0, le=0.5)], "a number in [0, 0.5]"),
        (Annotated[float, Field(gt=0)] | None, "a positive number"),
        (Annotated[int, Field(ge=3)], "a whole number, at least 3"),
        (bool, "true or false"),
    ],
    ids=str,
)
def test_the_words_name_the_ends(kind: Any, words: str) -> None:
    assert bounds(TypeAdapter(kind).json_schema()) == words


def test_a_validators_message_is_left_with_its_rule() -> None:
    assert rule("Input should be greater than 0") == "greater than 0"
    assert rule("Field required") == "Field required"
