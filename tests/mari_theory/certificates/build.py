"""Small evidence for the tests of this folder: who wrote which row, with what likelihoods, and what the file says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from estimators.certify import certify_files
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates.files import Pool, write_options, write_pool, write_scores

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def write_rows(
    path: Path,
    arm: Codes,
    log_p: Floats,
    log_q: Floats,
    prompt: Sequence[Any] | Codes | None = None,
    owner: Sequence[Any] | Codes | None = None,
    *,
    design: str | None = "iid",
    draw: Codes | None = None,
    tokens: int = 1,
    **said: Any,
) -> Path:
    """A score file; rows of one prompt and owner unless said, pair `oracle` unless said."""
    n = len(arm)
    prompt = np.zeros(n, dtype=int) if prompt is None else np.asarray(prompt)
    owner = prompt if owner is None else np.asarray(owner)
    columns: dict[str, Any] = {
        "prompt_id": [f"p{x}" for x in prompt],
        "cluster_id": [f"o{x}" for x in owner],
        "arm": np.asarray(arm),
        "log_p": log_p,
        "log_q": log_q,
        "tokens": np.full(n, tokens),
    }
    if draw is not None:
        columns["draw"] = draw
    metadata = {"pair": "oracle", **({"design": design} if design else {}), **said}
    write_scores(path, columns, metadata)
    return path


def coin_rows(p: Any, q: Any, arm: Codes, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """One output a row, heads with probability p under P and q under Q (numbers, or one a row): exact log-likelihoods."""
    p, q = np.broadcast_to(p, arm.shape), np.broadcast_to(q, arm.shape)
    heads = rng.random(arm.size) < np.where(arm == 0, p, q)
    with np.errstate(divide="ignore"):
        return np.log(np.where(heads, p, 1 - p)), np.log(np.where(heads, q, 1 - q))


def coins(
    path: Path,
    n: int = 200,
    seed: int = 0,
    p: float = 0.3,
    q: float = 0.5,
    m: int = 1,
    owners: int | None = None,
    **said: Any,
) -> Path:
    """n rows an arm, each of m prompts drawn at random, the prompts dealt out to `owners`."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([0, 1], n)
    prompt = rng.integers(0, m, 2 * n)
    return write_rows(path, arm, *coin_rows(p, q, arm, rng), prompt, prompt % (owners or m), **said)


def coin_jsd(p: Any, q: Any) -> Any:
    """Divergence of two coins in nats."""
    from mari_theory.detectability import binary_jsd

    return binary_jsd(p, q)


def pool(path: Path, finite: bool = False, seed: int = 1, symbols: int = 40, **said: Any) -> Path:
    """Two mean distributions over a small vocabulary."""
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(symbols), size=2)
    made = Pool(
        p, 0.8 * p + 0.2 * q, 500, 600, {"pair": "marginal", "finite_population": finite, "arms": "independent", **said}
    )
    write_pool(path, made)
    return path


def option_columns(
    seed: int = 0, prompts: int = 4, options: int = 5, models: tuple[int, int] = (2, 1), far: float = 0.3
) -> dict[str, list[Any]]:
    """Long-form rows of an option file, two prompts an owner."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {
        k: [] for k in ("prompt_id", "cluster_id", "place", "option", "arm", "model", "log_weight")
    }
    for i in range(prompts):
        for arm in (0, 1):
            for model in range(models[arm]):
                for o, w in enumerate(rng.normal(size=options) * far):
                    values = (f"p{i}", f"o{i // 2}", 0, f"w{o}", arm, f"m{arm}{model}", float(w))
                    for key, value in zip(rows, values, strict=True):
                        rows[key].append(value)
    return rows


def option_file(path: Path, seed: int = 0, rest: str | None = None, **said: Any) -> Path:
    """Enumerated laws of a few prompts."""
    columns = {k: said.pop(k) for k in ("prompts", "options", "models", "far") if k in said}
    metadata = {"pair": "oracle", "access": "first-token", **({"rest": rest} if rest else {}), **said}
    write_options(path, option_columns(seed, **columns), metadata)
    return path


def failures(certificate: Certificate, files: Sequence[Path]) -> list[str]:
    """The checker's failed lines."""
    return [str(x) for x in check(certificate, list(files)) if not x.ok]


def certified(files: Path | Sequence[Path], **asked: Any) -> Certificate:
    """A certificate that its own evidence supports, read back from its file."""
    paths = [files] if isinstance(files, Path) else list(files)
    made = certify_files(paths, **asked)
    where = paths[0].with_suffix(".json")
    made.save(where)
    again = Certificate.load(where)
    assert again == made
    assert failures(again, paths) == []
    return again


def one_line(error: pytest.ExceptionInfo[ArgumentError]) -> str:
    """The text of a refusal, which is one line that names what was expected and what came."""
    text = str(error.value)
    assert "\n" not in text and text.isprintable() and "expected" in text and "got" in text, text
    return text
