"""Option files (Parquet): finite laws of both arms, one row an option of a prompt, place and model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mari_theory.certificates.digests import sum_digest
from mari_theory.certificates.parquet import batches_of, codes_of, open_parquet, write_parquet
from mari_theory.certificates.words import PAIRS
from mari_theory.errors import require
from mari_theory.units import Floats, Integers

OPTION_SCHEMA = pa.schema(
    [
        ("prompt_id", pa.string()),
        ("cluster_id", pa.string()),
        ("place", pa.int32()),
        ("option", pa.string()),
        ("arm", pa.int8()),
        ("model", pa.string()),
        ("log_weight", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Law:
    """Both arms' models at one prompt and place: `log_weights[arm]` has shape (models, options), unnormalised."""

    prompt: int
    """Which prompt, a position in `Options.prompts`."""
    place: int
    """Which place of the prompt's answer."""
    log_weights: tuple[Floats, Floats]
    """Of P's models and of Q's, each (models, options)."""
    rest: int | None = None
    """Which option stands for everything not listed."""


@dataclass(frozen=True)
class Options:
    """Finite laws of both arms: one `Law` a prompt and place, prompts in the order of the file."""

    laws: tuple[Law, ...]
    """One a prompt and place."""
    prompts: tuple[str, ...]
    """Names, in the order of the file."""
    clusters: tuple[str, ...]
    """Names of owners."""
    cluster: Integers
    """Which of `clusters` each prompt belongs to."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the file says of itself."""

    def only(self, owner: str | None, prompt: str | None) -> Options:
        """The laws of one owner, or of one prompt; all of them where neither is named. Raises `ArgumentError` on an unknown name."""
        if owner is None and prompt is None:
            return self
        at = [
            k
            for k, name in enumerate(self.prompts)
            if prompt in (None, name) and owner in (None, self.clusters[int(self.cluster[k])])
        ]
        require(len(at) > 0, "owner, prompt", "names in the file, the prompt one of the owner's", (owner, prompt))
        place = {k: i for i, k in enumerate(at)}
        clusters, codes = np.unique(self.cluster[at], return_inverse=True)
        return Options(
            tuple(replace(law, prompt=place[law.prompt]) for law in self.laws if law.prompt in place),
            tuple(self.prompts[k] for k in at),
            tuple(self.clusters[int(k)] for k in clusters),
            codes.astype(np.int64),
            self.metadata,
        )


def write_options(path: Path, columns: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Write an option file; `metadata` names the pair, the channel and access, the models, and `rest` where one option is the rest."""
    require(metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), metadata.get("pair"))
    table = pa.table({f.name: pa.array(columns[f.name], f.type) for f in OPTION_SCHEMA}, schema=OPTION_SCHEMA)
    write_parquet(path, table, metadata)


def read_options(path: Path) -> Options:
    """Read and validate an option file. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    parquet, metadata = open_parquet(path, "option file")
    tables = list(batches_of(path, parquet, OPTION_SCHEMA.names, (), 1 << 19))
    require(sum(t.num_rows for t in tables) > 0, path.name, "at least one row", "0 rows")
    t = pa.concat_tables(tables)
    arm, weight = t["arm"].to_numpy(), t["log_weight"].to_numpy().astype(float)
    require(
        bool(np.all((arm == 0) | (arm == 1))), f"{path.name}, arm", "only 0 (P) and 1 (Q)", np.unique(arm)[:4].tolist()
    )
    finite = bool(np.all(weight < np.inf))
    require(finite, f"{path.name}, log_weight", "numbers below +inf (-inf allowed)", "NaN or +inf")
    rest_name = metadata.get("rest")
    require(rest_name is None or isinstance(rest_name, str), f"{path.name}, rest", "the name of an option", rest_name)
    prompt, prompts = codes_of(t["prompt_id"])
    owner, clusters = codes_of(t["cluster_id"])
    place = t["place"].to_numpy().astype(np.int64)
    option, options = codes_of(t["option"])
    model, _ = codes_of(t["model"])
    first = np.full(len(prompts), -1, dtype=np.int64)
    first[prompt[::-1]] = owner[::-1]
    require(bool(np.all(first[prompt] == owner)), f"{path.name}, cluster_id", "one owner a prompt", "two")
    cast = [set(model[arm == a].tolist()) for a in (0, 1)]
    require(all(cast), f"{path.name}, arm", "rows of both arms (0 and 1)", "one arm")
    keys = np.stack([prompt, place, arm.astype(np.int64), model, option], axis=1)
    order = np.lexsort(keys.T[::-1])
    keys, weight = keys[order], weight[order]
    twice = np.flatnonzero(np.all(keys[1:] == keys[:-1], axis=1))
    require(twice.size == 0, path.name, "each option of a prompt, place and model once", "an option twice")
    laws = []
    starts = np.flatnonzero(np.any(np.diff(keys[:, :2], axis=0, prepend=keys[:1, :2] - 1) != 0, axis=1))
    for lo, hi in zip(starts, np.append(starts[1:], len(keys)), strict=True):
        part, w = keys[lo:hi], weight[lo:hi]
        codes = np.unique(part[:, 4])
        tables_of_arm = []
        for a in (0, 1):
            rows = part[:, 2] == a
            where = f"{path.name}, prompt {prompts[int(part[0, 0])]!r}, place {int(part[0, 1])}"
            require(set(part[rows, 3].tolist()) == cast[a], where, f"every model of arm {a}", "a model is missing")
            at = sorted(cast[a])
            table = np.full((len(at), codes.size), -np.inf)
            table[np.searchsorted(at, part[rows, 3]), np.searchsorted(codes, part[rows, 4])] = w[rows]
            require(bool(np.all(table.max(axis=1) > -np.inf)), where, "a possible option in every law", "none")
            tables_of_arm.append(table)
        rest = None
        if rest_name in options:
            hit = np.flatnonzero(codes == options.index(rest_name))
            rest = int(hit[0]) if hit.size else None
        laws.append(Law(int(part[0, 0]), int(part[0, 1]), (tables_of_arm[0], tables_of_arm[1]), rest))
    return Options(tuple(laws), prompts, clusters, first, metadata)


def options_digest(path: Path) -> str:
    """Hex digest of the rows of an option file, the same in any order."""
    parquet, _ = open_parquet(path, "option file")
    return sum_digest(row for t in batches_of(path, parquet, OPTION_SCHEMA.names, (), 1 << 19) for row in _json_rows(t))


def _json_rows(table: pa.Table) -> Iterator[bytes]:
    """Each row of an option file as a JSON list, the weight as the hexadecimal text of a float."""
    columns = [_json_texts(table[name]) for name in OPTION_SCHEMA.names[:-1]]
    for row in zip(*columns, table["log_weight"].to_pylist(), strict=True):
        yield f'[{", ".join(row[:-1])}, "{float(row[-1]).hex()}"]'.encode()


def _json_texts(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_integer(column.type):
        return [str(x) for x in column.to_pylist()]
    codes, names = codes_of(column)
    return list(map([json.dumps(name) for name in names].__getitem__, codes.tolist()))
