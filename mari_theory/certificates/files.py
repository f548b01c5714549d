"""Evidence files: score files and option files (Parquet), pool files (NPZ). Reading believes nothing that it can test."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mari_theory.certificates.words import ACCESS, PAIRS
from mari_theory.errors import ArgumentError, require

DESIGNS = ("iid", "independent", "complete")
"""How the rows came about: prompt and output drawn afresh for each row, in file order; fixed numbers a prompt; the whole population."""
STOPPINGS = ("fixed", "anytime")

SCORE_SCHEMA = pa.schema(
    [
        ("prompt_id", pa.string()),
        ("cluster_id", pa.string()),
        ("arm", pa.int8()),
        ("log_p", pa.float64()),
        ("log_q", pa.float64()),
        ("tokens", pa.int32()),
    ]
)
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

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
ROUNDING = 1e-6
"""A log-likelihood this far above 0 is the rounding of a float32 score."""


@dataclass(frozen=True)
class Scores:
    """Rows of score files: which arm generated each output and its log-likelihood (nats) under both.

    `prompt`, `cluster`: codes into the names `prompts`, `clusters`. `draw`, `tokens`: None where a file has no such column.
    """

    arm: NDArray[np.int8]
    log_p: Floats
    log_q: Floats
    prompt: Codes
    cluster: Codes
    prompts: tuple[str, ...]
    clusters: tuple[str, ...]
    draw: Codes | None = None
    tokens: Codes | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def only(self, owner: str | None, prompt: str | None) -> Scores:
        """The rows of one owner, or of one prompt; all of them where neither is named. Raises `ArgumentError` on an unknown name."""
        if owner is None and prompt is None:
            return self
        keep = np.ones(self.arm.size, dtype=bool)
        for name, wanted, names, codes in (
            ("owner", owner, self.clusters, self.cluster),
            ("prompt", prompt, self.prompts, self.prompt),
        ):
            if wanted is not None:
                require(
                    wanted in names, name, f"one of {', '.join(names[:6])}{' ...' if len(names) > 6 else ''}", wanted
                )
                keep &= codes == names.index(wanted)
        rows = np.flatnonzero(keep)
        require(rows.size > 0, "owner, prompt", "a prompt of that owner", (owner, prompt))
        prompts, prompt_codes = np.unique(self.prompt[rows], return_inverse=True)
        clusters, cluster_codes = np.unique(self.cluster[rows], return_inverse=True)
        return replace(
            self,
            arm=self.arm[rows],
            log_p=self.log_p[rows],
            log_q=self.log_q[rows],
            prompt=prompt_codes.astype(np.int64),
            cluster=cluster_codes.astype(np.int64),
            prompts=tuple(self.prompts[int(k)] for k in prompts),
            clusters=tuple(self.clusters[int(k)] for k in clusters),
            draw=None if self.draw is None else self.draw[rows],
            tokens=None if self.tokens is None else self.tokens[rows],
        )

    @property
    def gap(self) -> Floats:
        """log q - log p of each row, cut at 1e300 so that it can be counted with."""
        return np.asarray(np.clip(self.log_q - self.log_p, -1e300, 1e300))

    @property
    def design(self) -> str | None:
        """How the rows were drawn; None where the files do not say."""
        stated = self.metadata.get("design")
        return None if stated is None else str(stated)

    @property
    def stopping(self) -> str:
        """`fixed` unless the files say `anytime`."""
        return str(self.metadata.get("stopping", "fixed"))


@dataclass(frozen=True)
class Pool:
    """Mean distributions of both arms, how many were averaged, and what the file says of them."""

    p_mean: Floats
    q_mean: Floats
    n: int
    m: int
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """Finite laws of both arms: one `Law` a prompt and place, prompts in the order of the file."""

    laws: tuple[Law, ...]
    prompts: tuple[str, ...]
    clusters: tuple[str, ...]
    cluster: Codes
    """Which of `clusters` each prompt belongs to."""
    metadata: dict[str, Any] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Law:
    """Both arms' models at one prompt and place: `log_weights[arm]` has shape (models, options), unnormalised."""

    prompt: int
    place: int
    log_weights: tuple[Floats, Floats]
    rest: int | None = None
    """Which option stands for everything not listed."""


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed on success and removed on failure."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as e:
        raise ArgumentError("out", "a writable folder", f"{path.parent} ({e.strerror})") from None
    os.close(handle)
    os.chmod(name, 0o644)
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name, then rename."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def strict_json(text: bytes | str, name: str) -> Any:
    """JSON that every reader reads alike: UTF-8, each key once, finite numbers, no half characters. Raises `ArgumentError`."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        require(len(made) == len(pairs), name, "each key once", [k for k, _ in pairs][:6])
        return made

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
    for key, allowed in (
        ("pair", tuple(PAIRS)),
        ("design", DESIGNS),
        ("stopping", STOPPINGS),
        ("access", tuple(ACCESS)),
    ):
        if key in metadata:
            stated = metadata[key]
            known = isinstance(stated, str) and stated in allowed
            require(known, f"{name}, {key}", " or ".join(allowed), stated)
    if "refuted_by" in metadata:
        why = metadata["refuted_by"]
        require(isinstance(why, str) and bool(why.strip()), f"{name}, refuted_by", "words, or no such key", why)
    return dict(metadata)


def write_scores(path: Path, columns: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Write a score file; `metadata` names the pair, design, models, decoding, prompts and seed."""
    require(metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), metadata.get("pair"))
    table = pa.table({f.name: pa.array(columns[f.name], f.type) for f in SCORE_SCHEMA}, schema=SCORE_SCHEMA)
    for name, kind in (("draw", pa.int64()), ("path_information", pa.float64())):
        if name in columns:
            table = table.append_column(name, pa.array(columns[name], kind))
    _write_parquet(path, table, metadata)


def write_options(path: Path, columns: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Write an option file; `metadata` names the pair, the channel and access, the models, and `rest` where one option is the rest."""
    require(metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), metadata.get("pair"))
    table = pa.table({f.name: pa.array(columns[f.name], f.type) for f in OPTION_SCHEMA}, schema=OPTION_SCHEMA)
    _write_parquet(path, table, metadata)


def _write_parquet(path: Path, table: pa.Table, metadata: dict[str, Any]) -> None:
    said = check_metadata(Path(path).name, metadata)
    table = table.replace_schema_metadata({"mari": json.dumps(said, sort_keys=True)})
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _open(path: Path, kind: str) -> tuple[pq.ParquetFile, dict[str, Any]]:
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


def _batches(
    path: Path, parquet: pq.ParquetFile, required: Sequence[str], optional: Sequence[str], rows: int
) -> Iterator[pa.Table]:
    kinds = {f.name: f.type for f in parquet.schema_arrow}
    for name in required:
        require(name in kinds, path.name, f"a column {name}", sorted(kinds))
    names = [n for n in (*required, *optional) if n in kinds]
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


def check_likelihoods(log_p: Any, log_q: Any, arm: Any, where: str = "") -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Validated rows: arms 0 and 1, no NaN, nothing above 0, nothing that its own arm cannot have written.

    >>> check_likelihoods([-1.0], [-np.inf], [0])[2].tolist()
    [0]
    """
    lp, lq = np.asarray(log_p, dtype=float), np.asarray(log_q, dtype=float)
    arms = np.asarray(arm)
    same = lp.ndim == 1 and lp.shape == lq.shape == arms.shape
    require(same, f"{where}log_p, log_q, arm", "one-dimensional arrays of one length", (lp.shape, lq.shape, arms.shape))
    known = bool(np.all((arms == 0) | (arms == 1)))
    require(known, f"{where}arm", "only 0 (P) and 1 (Q)", np.unique(arms)[:4].tolist())
    for name, x, own in (("log_p", lp, 0), ("log_q", lq, 1)):
        top = float(x.max()) if x.size else 0.0
        require(top == top, f"{where}{name}", "numbers", "NaN")
        require(top <= ROUNDING, f"{where}{name}", "log-likelihoods at most 0", top)
        impossible = bool(np.any(np.isneginf(x) & (arms == own)))
        require(not impossible, f"{where}{name}", "finite values on rows that this arm generated", "-inf")
    return lp, lq, arms.astype(np.int8)


@dataclass(frozen=True)
class ScoreBatch:
    """Some rows of one score file, checked. Names, not codes: files are merged by name."""

    prompt: NDArray[np.object_]
    cluster: NDArray[np.object_]
    arm: NDArray[np.int8]
    log_p: Floats
    log_q: Floats
    draw: Codes | None
    tokens: Codes | None

    def rows(self, at: Codes) -> ScoreBatch:
        """Some of the rows."""
        draw, tokens = (None if x is None else x[at] for x in (self.draw, self.tokens))
        return ScoreBatch(self.prompt[at], self.cluster[at], self.arm[at], self.log_p[at], self.log_q[at], draw, tokens)


def read_metadata(path: Path) -> dict[str, Any]:
    """What a Parquet evidence file says of itself."""
    return _open(Path(path), "score file")[1]


def scan_scores(path: Path, rows: int = 1 << 19) -> Iterator[ScoreBatch]:
    """Batches of a score file of any size, in constant memory. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    parquet, _ = _open(path, "score file")
    seen = 0
    required, optional = ("prompt_id", "arm", "log_p", "log_q"), ("cluster_id", "draw", "tokens")
    for table in _batches(path, parquet, required, optional, rows):
        arm, lp, lq = (table[n].to_numpy() for n in ("arm", "log_p", "log_q"))
        lp, lq, arm = check_likelihoods(lp, lq, arm, f"{path.name}, ")
        prompt = table["prompt_id"].to_numpy()
        cluster = table["cluster_id"].to_numpy() if "cluster_id" in table.column_names else prompt
        draw, tokens = (
            table[n].to_numpy().astype(np.int64) if n in table.column_names else None for n in ("draw", "tokens")
        )
        seen += arm.size
        yield ScoreBatch(prompt, cluster, arm, lp, lq, draw, tokens)
    require(seen > 0, path.name, "at least one row", "0 rows")


def read_scores(path: Path, *more: Path) -> Scores:
    """One or several score files as one sample, in the order given. Raises `ArgumentError` naming file and fault.

    Files agree on everything in `AGREE`; no file, no order-free digest and no draw comes twice.
    """
    paths = [Path(path), *map(Path, more)]
    for p in paths:
        require(p.is_file(), "score file", "an existing file", p)
    refuse_copies(paths)
    metadata = [read_metadata(p) for p in paths]
    agree(paths, metadata)
    batches = [list(scan_scores(p)) for p in paths]
    merged = scores_of([b for part in batches for b in part], _merged_metadata(metadata))
    _one_owner_a_prompt(merged)
    _refuse_repeats(paths, batches, metadata, merged)
    return merged


def scores_of(rows: Sequence[ScoreBatch], metadata: dict[str, Any]) -> Scores:
    """Batches as one sample."""
    prompt, prompts = _codes(np.concatenate([b.prompt for b in rows]))
    cluster, clusters = _codes(np.concatenate([b.cluster for b in rows]))
    draw, tokens = (
        None if any(getattr(b, n) is None for b in rows) else np.concatenate([getattr(b, n) for b in rows])
        for n in ("draw", "tokens")
    )
    return Scores(
        np.concatenate([b.arm for b in rows]),
        np.concatenate([b.log_p for b in rows]),
        np.concatenate([b.log_q for b in rows]),
        prompt,
        cluster,
        prompts,
        clusters,
        draw,
        tokens,
        metadata,
    )


def _codes(names: NDArray[np.object_]) -> tuple[Codes, tuple[str, ...]]:
    array = pa.array(names, pa.string()).dictionary_encode()
    return array.indices.to_numpy().astype(np.int64), tuple(array.dictionary.to_pylist())


def _one_owner_a_prompt(s: Scores) -> None:
    first = np.full(len(s.prompts), -1, dtype=np.int64)
    first[s.prompt[::-1]] = s.cluster[::-1]
    other = np.flatnonzero(first[s.prompt] != s.cluster)
    if other.size:
        r = int(other[0])
        names = (s.clusters[int(first[s.prompt[r]])], s.clusters[int(s.cluster[r])])
        raise ArgumentError("cluster_id", f"one owner for prompt {s.prompts[int(s.prompt[r])]!r}", names)


def _merged_metadata(metadata: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first file's words; what the others say differently outside `AGREE` is listed, never dropped."""
    out = dict(metadata[0])
    for key in sorted({k for m in metadata for k in m} - set(AGREE)):
        said = [m.get(key) for m in metadata]
        if any(x != said[0] for x in said):
            out[key] = said
    return out


def agree(paths: Sequence[Path], metadata: Sequence[dict[str, Any]]) -> None:
    """Raise `ArgumentError` naming the first key of `AGREE` on which two files differ."""
    for key in AGREE:
        for p, m in zip(paths[1:], metadata[1:], strict=True):
            same = m.get(key) == metadata[0].get(key)
            require(same, f"files, {key}", f"{metadata[0].get(key)} as in {paths[0].name}", f"{m.get(key)} in {p.name}")


def refuse_copies(paths: Sequence[Path]) -> None:
    """Raise `ArgumentError` where two of the files are one file under any name."""
    seen: dict[str, Path] = {}
    for p in paths:
        digest = sha256(p)
        require(digest not in seen, "files", "each file once", f"{p.name}, a copy of {seen.get(digest, p).name}")
        seen[digest] = p


def _refuse_repeats(
    paths: Sequence[Path], batches: Sequence[Sequence[ScoreBatch]], metadata: Sequence[dict[str, Any]], merged: Scores
) -> None:
    digests: dict[str, Path] = {}
    for p, part in zip(paths, batches, strict=True):
        digest = _digest(part)
        require(
            digest not in digests, "files", "each file once", f"{p.name}, the rows of {digests.get(digest, p).name}"
        )
        digests[digest] = p
    if merged.draw is not None:
        seeds = [json.dumps(m.get("seed"), sort_keys=True) for m in metadata]
        which = np.repeat([seeds.index(s) for s in seeds], [sum(b.arm.size for b in part) for part in batches])
        keys = np.stack([which, merged.arm, merged.draw], axis=1)
        unique, counts = np.unique(keys, axis=0, return_counts=True)
        again = np.flatnonzero(counts > 1)
        if again.size:
            seed, arm, draw = unique[again[0]].tolist()
            raise ArgumentError(
                "draw",
                "each draw of an arm and seed once",
                f"draw {draw} of arm {arm}, seed {seeds[seed]}, {int(counts[again[0]])} times",
            )
    period = _period(merged)
    require(period is None, "files", "rows that are not the same rows over again", f"the same {period} rows repeated")


def _period(s: Scores) -> int | None:
    """Length of a block of which the whole sample is copies, where no chance could have made it."""
    table = np.stack([s.prompt, s.arm, s.log_p.view(np.int64), s.log_q.view(np.int64)], axis=1)
    n = len(table)
    _, counts = np.unique(table, axis=0, return_counts=True)
    surprise = -np.log(max(float(counts.max()) / n, 1e-300))
    for copies in range(2, min(n // 2, 1024) + 1):
        length = n // copies
        # Two independent blocks agree with probability at most (largest share of a row) ^ length.
        if n % copies == 0 and length * surprise > 30 and bool(np.array_equal(table[length:], table[:-length])):
            return length
    return None


def row_digest(path: Path) -> str:
    """A digest of the rows of an evidence file that does not depend on their order or on compression."""
    path = Path(path)
    kind = kind_of(path)
    if kind == "pool":
        pool = read_pool(path)
        h = hashlib.sha256()
        for x in (pool.p_mean, pool.q_mean, np.array([pool.n, pool.m], dtype=np.int64)):
            h.update(np.ascontiguousarray(x).tobytes())
        return h.hexdigest()
    if kind == "score":
        return _digest(list(scan_scores(path)))
    parquet, _ = _open(path, "option file")
    tables = list(_batches(path, parquet, OPTION_SCHEMA.names, (), 1 << 19))
    names = OPTION_SCHEMA.names
    rows = (r for t in tables for r in zip(*(t[n].to_pylist() for n in names), strict=True))
    return _sum_digest(json.dumps([*r[:-1], float(r[-1]).hex()]).encode() for r in rows)


def _digest(batches: Sequence[ScoreBatch]) -> str:
    def rows() -> Iterator[bytes]:
        for b in batches:
            draw = np.full(b.arm.size, -1, dtype=np.int64) if b.draw is None else b.draw
            numbers = np.stack([b.arm.astype(np.int64), b.log_p.view(np.int64), b.log_q.view(np.int64), draw], axis=1)
            for name, owner, row in zip(b.prompt, b.cluster, np.ascontiguousarray(numbers), strict=True):
                yield f"{name}\0{owner}\0".encode() + row.tobytes()

    return _sum_digest(rows())


def _sum_digest(rows: Iterator[bytes]) -> str:
    """Hash of the sum of the rows' hashes and of their number: the same in any order."""
    total, n = 0, 0
    for row in rows:
        total += int.from_bytes(hashlib.blake2b(row, digest_size=32).digest(), "little")
        n += 1
    return hashlib.sha256(f"{n} {total % (1 << 256)}".encode()).hexdigest()


def write_pool(path: Path, pool: Pool) -> None:
    """Write a pool file."""
    require(pool.metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), pool.metadata.get("pair"))
    said = check_metadata(Path(path).name, pool.metadata)
    with atomic(path) as temporary, open(temporary, "wb") as f:
        np.savez_compressed(
            f,
            p_mean=pool.p_mean,
            q_mean=pool.q_mean,
            n=np.int64(pool.n),
            m=np.int64(pool.m),
            metadata=np.array(json.dumps(said, sort_keys=True)),
        )


def read_pool(path: Path) -> Pool:
    """Read and validate a pool file. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    require(path.is_file(), "pool file", "an existing file", path)
    try:
        with np.load(path, allow_pickle=False) as data:
            found = set(data.files)
            need = {"p_mean", "q_mean", "n", "m"}
            require(need <= found, path.name, f"arrays {sorted(need)}", sorted(found))
            narrow = [k for k in ("p_mean", "q_mean") if data[k].dtype != np.float64]
            require(not narrow, f"{path.name}, {', '.join(narrow)}", "float64", [str(data[k].dtype) for k in narrow])
            p, q = np.asarray(data["p_mean"]), np.asarray(data["q_mean"])
            whole = all(data[k].dtype.kind in "iu" and data[k].ndim == 0 for k in ("n", "m"))
            require(whole, path.name, "counts n, m as integers", [str(data[k].dtype) for k in ("n", "m")])
            n, m = int(data["n"]), int(data["m"])
            metadata = strict_json(str(data["metadata"]), f"{path.name}, metadata") if "metadata" in found else {}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError, TypeError, zlib.error) as e:
        if isinstance(e, ArgumentError):
            raise
        raise ArgumentError("pool file", "a complete NPZ file", f"{path.name}: {e}") from None
    one = p.ndim == 1 and p.shape == q.shape and p.size > 0
    require(one, path.name, "p_mean and q_mean over one vocabulary", (p.shape, q.shape))
    for name, x in (("p_mean", p), ("q_mean", q)):
        require(bool(np.all(np.isfinite(x))), f"{path.name}, {name}", "finite numbers", "NaN or inf")
        require(bool(np.all(x >= 0)), f"{path.name}, {name}", "non-negative probabilities", float(x.min()))
        off = abs(float(x.sum()) - 1.0)
        require(off <= 1e-6, f"{path.name}, {name}", "a sum of 1 within 1e-06", float(x.sum()))
    require(n >= 1 and m >= 1, path.name, "counts n, m of at least 1", (n, m))
    return Pool(p, q, n, m, check_metadata(path.name, metadata))


def read_options(path: Path) -> Options:
    """Read and validate an option file. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    parquet, metadata = _open(path, "option file")
    tables = list(_batches(path, parquet, OPTION_SCHEMA.names, (), 1 << 19))
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
    prompt, prompts = _codes(t["prompt_id"].to_numpy())
    owner, clusters = _codes(t["cluster_id"].to_numpy())
    place = t["place"].to_numpy().astype(np.int64)
    option, options = _codes(t["option"].to_numpy())
    model, _ = _codes(t["model"].to_numpy())
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
        listed = np.unique(part[:, 4])
        tables_of_arm = []
        for a in (0, 1):
            rows = part[:, 2] == a
            where = f"{path.name}, prompt {prompts[int(part[0, 0])]!r}, place {int(part[0, 1])}"
            require(set(part[rows, 3].tolist()) == cast[a], where, f"every model of arm {a}", "a model is missing")
            at = sorted(cast[a])
            table = np.full((len(at), listed.size), -np.inf)
            table[np.searchsorted(at, part[rows, 3]), np.searchsorted(listed, part[rows, 4])] = w[rows]
            require(bool(np.all(table.max(axis=1) > -np.inf)), where, "a possible option in every law", "none")
            tables_of_arm.append(table)
        rest = None
        if rest_name in options:
            hit = np.flatnonzero(listed == options.index(rest_name))
            rest = int(hit[0]) if hit.size else None
        laws.append(Law(int(part[0, 0]), int(part[0, 1]), (tables_of_arm[0], tables_of_arm[1]), rest))
    return Options(tuple(laws), prompts, clusters, first, metadata)


def kind_of(path: Path) -> str:
    """`score`, `option` (Parquet, by their columns) or `pool` (NPZ), by the file's own bytes, whatever its name."""
    path = Path(path)
    require(path.is_file(), "evidence", "an existing file", path)
    with open(path, "rb") as f:
        head = f.read(4)
    kinds: dict[bytes, str] = {b"PAR1": "score", b"PK\x03\x04": "pool"}
    require(head in kinds, "evidence", "a Parquet score or option file or an NPZ pool file", path.name)
    if kinds[head] == "pool":
        return "pool"
    parquet, _ = _open(path, "score file")
    return "option" if "log_weight" in parquet.schema_arrow.names else "score"
