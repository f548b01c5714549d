"""Parquet with checked columns: what score files and option files share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mari_theory.certificates.metadata import check_metadata, strict_json
from mari_theory.certificates.writing import atomic
from mari_theory.errors import ArgumentError, require
from mari_theory.units import Integers


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _is_wide_float(kind: pa.DataType) -> bool:
    return bool(pa.types.is_float64(kind) or pa.types.is_float32(kind))


_COLUMNS: dict[str, tuple[Any, str]] = {
    "prompt_id": (_is_text, "text"),
    "cluster_id": (_is_text, "text"),
    "option": (_is_text, "text"),
    "model": (_is_text, "text"),
    "arm": (pa.types.is_integer, "integer"),
    "place": (pa.types.is_integer, "integer"),
    "draw": (pa.types.is_integer, "integer"),
    "tokens": (pa.types.is_integer, "integer"),
    "log_p": (_is_wide_float, "float64 (or float32, which is widened)"),
    "log_q": (_is_wide_float, "float64 (or float32, which is widened)"),
    "log_weight": (_is_wide_float, "float64 (or float32, which is widened)"),
}


def write_parquet(path: Path, table: pa.Table, metadata: dict[str, Any]) -> None:
    """Write a table with its metadata, which is checked first."""
    metadata = check_metadata(Path(path).name, metadata)
    table = table.replace_schema_metadata({"mari": json.dumps(metadata, sort_keys=True)})
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def open_parquet(path: Path, kind: str) -> tuple[pq.ParquetFile, dict[str, Any]]:
    """An open Parquet file and its checked metadata. Raises `ArgumentError` naming file and fault."""
    require(path.is_file(), kind, "an existing file", path)
    try:
        parquet = pq.ParquetFile(path)
        raw = parquet.schema_arrow.metadata or {}
    except (pa.ArrowException, OSError, ValueError) as e:
        raise ArgumentError(kind, "a complete Parquet file", f"{path.name}: {e}") from None
    metadata = strict_json(raw.get(b"mari", b"{}"), f"{path.name}, metadata")
    names = parquet.schema_arrow.names
    require(len(set(names)) == len(names), path.name, "each column once", names)
    return parquet, check_metadata(path.name, metadata)


def batches_of(
    path: Path, parquet: pq.ParquetFile, columns: Sequence[str], optional: Sequence[str], rows: int
) -> Iterator[pa.Table]:
    """Tables of at most `rows` rows with the columns asked for, types and missing values checked. Raises `ArgumentError`."""
    kinds = {f.name: f.type for f in parquet.schema_arrow}
    for name in columns:
        require(name in kinds, path.name, f"a column {name}", sorted(kinds))
    names = [n for n in (*columns, *optional) if n in kinds]
    for name in names:
        fits, label = _COLUMNS[name]
        require(bool(fits(kinds[name])), f"{path.name}, column {name}", label, kinds[name])
    try:
        for batch in parquet.iter_batches(batch_size=rows, columns=names):
            table = pa.Table.from_batches([batch])
            table.validate(full=True)  # text that is no text
            for name in names:
                require(table[name].null_count == 0, f"{path.name}, column {name}", "no missing values", "null")
            yield table
    except (pa.ArrowException, OSError) as e:
        raise ArgumentError("evidence file", "a complete Parquet file", f"{path.name}: {e}") from None


def codes_of(names: NDArray[np.object_] | pa.ChunkedArray) -> tuple[Integers, tuple[str, ...]]:
    """Names as codes into the distinct names, in order of first appearance."""
    array = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else pa.array(names, pa.string())
    array = array.cast(pa.string()).dictionary_encode()
    return array.indices.to_numpy().astype(np.int64), tuple(array.dictionary.to_pylist())
