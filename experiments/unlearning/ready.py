"""Models made elsewhere: looked at before anything is measured, read where they are, their weights hashed once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.config import MethodConfig, RunConfig
from experiments.data.encoding import require_fit
from experiments.data.items import Corpus, Item
from experiments.labels import slug
from experiments.methods import make_method
from experiments.methods.base import Reference
from experiments.models.banks import ReadyBank, RunBank, open_bank
from experiments.models.load import load_tokenizer, require_model, weight_hash
from experiments.models.smollm2 import model_path
from experiments.unlearning.roles import Role, ready_roles, trains_from_base
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require

STOPPED = "made elsewhere"
"""Stands in a record where that of a trained model says why its run ended."""
Room = tuple[Sequence[Item], int, int]
"""Questions with each of their answers, the longest answer that is read and the longest that is generated, in tokens."""


def look_at(config: RunConfig, run: Path, corpus: Corpus) -> dict[str, dict[str, Any]]:
    """Records of the models that a run is given, name -> record; nothing is written. Every model, trained ones too, has room for the data.

    A record kept in the run folder is taken as it is while the model's files are. Raises `ArgumentError` naming the model: no folder with
    a model, another tokenizer or vocabulary than the others', a context too short, weights of another model of the run, or not those it had.
    """
    ready, tokenizers = ready_roles(config), dict[Role, Any]()
    for role, path in ready.items():  # before any weights are read
        with _naming(role):
            require_model(path)
            tokenizers[role] = load_tokenizer(model_path(path))
    bank, room = open_bank(config, run), _room(config, corpus)
    first, sizes = "the base", dict[str, int]()
    if trains_from_base(config):
        base = bank.fresh(config.seed)
        require_fit(base, bank.tokenizer, *room)
        sizes[first] = _rows(base)
    else:
        first = next(iter(ready)).name
    if config.scoring.enumerate_exactly:
        require_one_token(bank.tokenizer, room[0], config.scoring.max_new)
    for role, tokenizer in tokenizers.items():
        with _naming(role):
            require_same_tokens(tokenizer, bank.tokenizer, first, room[0])
    if isinstance(bank, ReadyBank):
        bank.forget()
        if any(map(_reads_base, config.methods)):
            require_same_tokens(bank.base.tokenizer, bank.tokenizer, first, room[0])
    records: dict[str, dict[str, Any]] = {}
    for role, path in ready.items():
        with _naming(role):
            record = _record(bank, run, role, path, room)
            sizes[role.name] = size = record["vocabulary"]
            require(size == sizes[first], "vocabulary", f"{sizes[first]} tokens as in {first}", f"{size} in {path}")
            for name, other in records.items():
                own = other["weights_sha256"] != record["weights_sha256"]
                require(own, "weights", "those of no other model of the run", f"the weights of {name} in {path}")
        records[role.name] = record
    return records


def keep(records: dict[str, dict[str, Any]], run: Path) -> None:
    """Write the records into the run folder, where those of trained models are."""
    for name, record in records.items():
        write_text(_note(run, name), json.dumps(record))


def require_same_tokens(own: Any, other: Any, whose: str, items: Sequence[Item]) -> None:
    """Raises `ArgumentError` unless two tokenizers have one vocabulary and end token and read every text of the items alike."""
    texts = list(dict.fromkeys(text for i in items for text in (i.prompt, i.answer)))
    readings: dict[str, Callable[[Any], Any]] = {
        "number of tokens": len,
        "end token": lambda t: t.eos_token_id,
        "vocabulary": lambda t: t.get_vocab(),
        "reading of the audit's texts": lambda t: t(texts, add_special_tokens=False)["input_ids"],
    }
    for what, read in readings.items():
        a, b = read(own), read(other)
        said = [f" {x}" if isinstance(x, int) else "" for x in (b, a)]
        require(a == b, "tokenizer", f"the {what}{said[0]} of {whose}", f"another{said[1]}")


def require_one_token(tokenizer: Any, items: Sequence[Item], max_new: int) -> None:
    """Raises `ArgumentError` unless every answer is one token and at most two are generated: what `enumerate_exactly` can list."""
    where = "scoring.enumerate_exactly"
    require(max_new <= 2, where, "false, or scoring.max_new of at most 2: longer outputs cannot all be listed", max_new)
    texts = list(dict.fromkeys(i.answer for i in items))
    for text, row in zip(texts, tokenizer(texts, add_special_tokens=False)["input_ids"], strict=True):
        require(len(row) <= 1, where, "false, or answers of one token", f"{len(row)} tokens: {text[:60]}")


def _record(bank: RunBank, run: Path, role: Role, path: str, room: Room) -> dict[str, Any]:
    """What a run keeps of a model made elsewhere, under the keys of a trained one's record; what is not known is None."""
    note, files = _note(run, role.name), _stamp(Path(path))
    kept: dict[str, Any] = json.loads(note.read_text()) if note.is_file() else {}
    if kept and files is not None and kept["files"] == files:
        return kept
    model = bank.use(slug(role.name))
    require_fit(model, bank.tokenizer, *room)
    digest = weight_hash(model)
    before = kept.get("weights_sha256", digest)
    require(digest == before, "weights", f"those this run began with, {before}", f"{digest} in {path}")
    return {
        "name": role.name,
        "ready": path,
        "files": files,
        "weights_sha256": digest,
        "vocabulary": _rows(model),
        "seconds": None,
        "steps": None,
        "stopped": STOPPED,
    }


def _note(run: Path, name: str) -> Path:
    return run / "models" / f"{slug(name)}.json"


def _stamp(folder: Path) -> list[list[Any]] | None:
    """Sizes and times of a folder's model files; None for a hub id, whose files may change behind it."""
    files = sorted((*folder.glob("*.safetensors"), *folder.glob("*config.json")))
    return [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files] if folder.is_dir() else None


def _rows(model: Any) -> int:
    return int(model.get_input_embeddings().weight.shape[0])


def _room(config: RunConfig, corpus: Corpus) -> Room:
    """What has to fit into every model's context."""
    asked = [i for part in corpus.splits().values() for i in part]
    items = [replace(i, answer=a) for i in asked for a in (i.answer, *i.wrong, i.paraphrase or i.answer)]
    return items, config.unlearn.max_answer, config.scoring.max_new


def _reads_base(entry: MethodConfig) -> bool:
    return make_method(entry.name, **entry.settings).reference is Reference.BASE


@contextmanager
def _naming(role: Role) -> Iterator[None]:
    """Errors say which model of the configuration they are about."""
    try:
        yield
    except ArgumentError as e:
        table = {"original": "original", "oracle": "oracles", "method": "models"}[role.kind]
        raise ArgumentError(f"{table}, {role.name}, {e.argument}", e.allowed, e.received) from None
