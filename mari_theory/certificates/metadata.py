"""What an evidence file says of itself, and what files of one certificate must say alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mari_theory.certificates.words import ACCESS, PAIRS
from mari_theory.errors import ArgumentError, require

DESIGNS = ("iid", "independent", "complete")
"""How the rows came about: prompt and output drawn afresh for each row, in file order; fixed numbers a prompt; the whole population."""

STOPPINGS = ("fixed", "anytime")
"""When sampling ended: after a number of rows fixed before, or whenever someone who watched the rows liked."""

AGREE = (
    "pair",
    "arm_p",
    "arm_q",
    "model",
    "weights_sha256",
    "decoding",
    "prompts",
    "template",
    "bos",
    "cut",
    "corpus",
    "channel",
    "access",
    "design",
    "stopping",
)
"""What files of one certificate must say alike, in the order in which a difference is named."""


def strict_json(text: bytes | str, name: str) -> Any:
    """JSON that every reader reads alike: UTF-8, each key once, finite numbers, no half characters. Raises `ArgumentError`."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        entries = dict(pairs)
        require(len(entries) == len(pairs), name, "each key once", [k for k, _ in pairs][:6])
        return entries

    def constant(word: str) -> float:
        raise ArgumentError(name, "finite numbers", word)

    try:
        plain = text if isinstance(text, str) else text.decode("utf-8")
        data = json.loads(plain, object_pairs_hook=unique, parse_constant=constant)
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as e:
        if isinstance(e, ArgumentError):
            raise
        raise ArgumentError(name, "readable JSON", e) from None
    return data


def check_metadata(name: str, metadata: Any) -> dict[str, Any]:
    """What a file says of itself, with every word that has a fixed meaning among the allowed ones."""
    require(isinstance(metadata, dict), f"{name}, metadata", "a JSON object", metadata)
    for key, vocabulary in (
        ("pair", tuple(PAIRS)),
        ("design", DESIGNS),
        ("stopping", STOPPINGS),
        ("access", tuple(ACCESS)),
    ):
        if key in metadata:
            word = metadata[key]
            known = isinstance(word, str) and word in vocabulary
            require(known, f"{name}, {key}", " or ".join(vocabulary), word)
    for key in ("refuted_by", "gate_failed", "oracle_knows"):
        if key in metadata:
            why = metadata[key]
            require(isinstance(why, str) and bool(why.strip()), f"{name}, {key}", "words, or no such key", why)
    return dict(metadata)


def agree(paths: Sequence[Path], metadata: Sequence[dict[str, Any]]) -> None:
    """Raise `ArgumentError` naming the first key of `AGREE` on which two files differ."""
    for key in AGREE:
        for p, m in zip(paths[1:], metadata[1:], strict=True):
            same = m.get(key) == metadata[0].get(key)
            require(same, f"files, {key}", f"{metadata[0].get(key)} as in {paths[0].name}", f"{m.get(key)} in {p.name}")


def merged_metadata(metadata: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first file's words; what the others say differently outside `AGREE` is listed, never dropped."""
    out = dict(metadata[0])
    for key in sorted({k for m in metadata for k in m} - set(AGREE)):
        values = [m.get(key) for m in metadata]
        if any(x != values[0] for x in values):
            out[key] = values
    return out
