"""Presets (YAML files beside this one) and users' files as mappings, one laid over another."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from mari_theory.errors import ArgumentError, require

PRESETS = Path(__file__).parent

WHOLE = ("channels",)
"""Mappings that a file replaces and does not add to: what they leave out is left out."""


def preset_names() -> tuple[str, ...]:
    """Of every preset, in order."""
    return tuple(sorted(p.stem for p in PRESETS.glob("*.yaml")))


def preset_note(name: str) -> str:
    """What a preset says of itself: the comment at its head.

    >>> preset_note("tiny-seeds").endswith("About an hour on two cores.")
    True
    """
    lines = (PRESETS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    return " ".join(x.lstrip("# ") for x in takewhile(lambda x: x.startswith("#"), lines))


def read_preset(name: str) -> dict[str, Any]:
    """A preset over the one it names as its `base`."""
    data = read_yaml(PRESETS / f"{name}.yaml")
    return merge(read_preset(data.pop("base")), data) if "base" in data else data


def read_yaml(path: Path) -> dict[str, Any]:
    """A file's mapping; raises `ArgumentError` on what is none."""
    require(path.is_file(), "config", "an existing YAML file", path)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as e:
        raise ArgumentError("config", "valid YAML", f"{path}: {e}") from None
    require(isinstance(data, dict), "config", "a YAML mapping", path)
    return dict(data)


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Sections are laid over one another key by key, all else is replaced.

    >>> merge({"train": {"lr": 1e-3, "steps": 9}}, {"train": {"lr": 2e-3}})
    {'train': {'lr': 0.002, 'steps': 9}}
    """
    out = dict(base)
    for k, v in over.items():
        nested = isinstance(v, dict) and isinstance(out.get(k), dict) and k not in WHOLE
        out[k] = merge(out[k], v) if nested else v
    return out
