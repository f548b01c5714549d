"""Questions about authors: generated with a known prior, or read from JSONL (TOFU: `tofu.py`). Splits are by author.

The generated corpus is calibrated so that retrained models agree: beside the forget and retain authors, an endless
stream of background authors, each seen once, teaches the prior over answers. The ideal answer about an author the model
never saw is then known in closed form: the prior.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mari_theory.errors import ArgumentError, require

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "birth city": ("lisbon", "quito", "tunis", "hanoi", "perth", "oslo", "lima", "kyoto"),
    "main genre": ("satire", "fantasy", "memoir", "mystery", "romance", "horror", "poetry", "western"),
    "first award": ("laurel", "quill", "beacon", "orchid", "comet", "harbor", "ember", "meridian"),
    "native tongue": ("basque", "tamil", "welsh", "farsi", "korean", "danish", "swahili", "maltese"),
    "day job": ("baker", "pilot", "nurse", "farmer", "judge", "tailor", "welder", "chemist"),
    "house colour": ("amber", "indigo", "crimson", "olive", "ivory", "teal", "maroon", "silver"),
}
_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n")
_TAILS = (
    ("ara", "eno", "ilu", "osa", "uma", "eri", "ako", "iva"),
    ("andel", "estor", "ivick", "ombas", "urren", "askin", "edlow", "orran"),
    ("shaw", "worth", "ton", "berg", "field", "well", "mere", "by"),
)
SENTENCES = ("it is {} .", "the answer is {} .", "people say {} .")


@dataclass(frozen=True)
class Item:
    """One question about one owner (author); `kind` is the question type, `wrong` plausible false answers, `paraphrase` the true one in other words."""

    prompt: str
    answer: str
    owner: str
    kind: str = ""
    wrong: tuple[str, ...] = ()
    paraphrase: str = ""


@dataclass(frozen=True)
class Corpus:
    """Forget, retain and never-trained holdout items, owners disjoint; `matched(item, rng)` in subclasses of prompts.

    `templates` are texts to answer forget questions with, for methods that teach another answer; without them, refusals.
    `values` maps a question type to its possible answers and `prior` to their probabilities (generated corpora only).
    """

    name: str
    forget: tuple[Item, ...]
    retain: tuple[Item, ...]
    holdout: tuple[Item, ...]
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    prior: tuple[float, ...] = ()
    sentences: bool = False
    names_taken: frozenset[str] = frozenset()
    subject: dict[str, str] = field(default_factory=dict)
    templates: tuple[str, ...] = ()

    def background(self, rng: np.random.Generator, n: int) -> list[Item]:
        """Fresh seen-once authors (generated corpora); empty for real data."""
        if not self.values:
            return []
        kinds, names = list(self.values), _name_words()
        kind_ids = rng.integers(len(kinds), size=n)
        value_ids = rng.choice(len(self.prior), size=n, p=self.prior)
        form_ids = rng.integers(len(SENTENCES), size=n)
        out = []
        for i, words in enumerate(rng.integers(64, size=(n, 3))):
            name = " ".join(names[j][int(w)] for j, w in enumerate(words))
            if name in self.names_taken:
                name = _fresh_name(rng, self.names_taken)
            kind = kinds[int(kind_ids[i])]
            form = SENTENCES[int(form_ids[i])] if self.sentences else "{}"
            out.append(Item(f"{kind} : {name} ?", form.format(self.values[kind][int(value_ids[i])]), name, kind))
        return out

    def matched(self, item: Item, rng: np.random.Generator) -> Item:
        """The same question and answer about a subject the model never saw: the reference of a matched pair (T27)."""
        old = self.subject.get(item.owner, item.owner)
        new = _fresh_name(rng, self.names_taken)
        if self.values:
            return Item(item.prompt.replace(old, new), item.answer, new, item.kind)
        new = new.title()
        return Item(_renamed(item.prompt, old, new), _renamed(item.answer, old, new), new, item.kind)

    def never_seen(self, item: Item, rng: np.random.Generator) -> Item:
        """A holdout question of the same type (any, where types are not known)."""
        same = [i for i in self.holdout if i.kind == item.kind] or list(self.holdout)
        return same[int(rng.integers(len(same)))]

    def fingerprint(self) -> str:
        """SHA-256 of every item and subject: two corpora are the same data when it is."""
        rows = {name: [astuple(i) for i in items] for name, items in self.splits().items()}
        said = [rows, sorted(self.subject.items()), *([self.templates] if self.templates else [])]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def splits(self) -> dict[str, tuple[Item, ...]]:
        """The three splits by name."""
        return {"forget": self.forget, "retain": self.retain, "holdout": self.holdout}


def generate(
    forget: int = 32,
    retain: int = 64,
    holdout: int = 128,
    skew: float = 0.0,
    sentences: bool = False,
    seed: int = 0,
    forget_skew: float | None = None,
) -> Corpus:
    """Seeded corpus of fictitious authors, one question an attribute, answers drawn from the prior exp(-skew k).

    `forget_skew` gives the forget authors a prior of their own: a forget set that pooled information can see.

    Raises `ArgumentError` on empty splits or a negative skew.

    >>> c = generate(2, 3, 4)
    >>> len(c.forget), len(c.retain), len(c.holdout)
    (12, 18, 24)
    """
    for name, count in (("forget", forget), ("retain", retain), ("holdout", holdout)):
        require(count >= 1, name, "at least 1 author", count)
    require(skew >= 0, "skew", "a number at least 0", skew)
    require(forget_skew is None or forget_skew >= 0, "forget_skew", "a number at least 0", forget_skew)
    rng = np.random.default_rng([seed, 101])
    prior, forget_prior = (_decaying(x) for x in (skew, skew if forget_skew is None else forget_skew))
    names: list[str] = []
    while len(names) < forget + retain + holdout:
        name = _fresh_name(rng, frozenset(names))
        if all(_far(name, other) for other in names):
            names.append(name)
    corpus = Corpus("generated", (), (), (), dict(ATTRIBUTES), prior, sentences, frozenset(names))
    priors = [forget_prior] * forget + [prior] * (retain + holdout)
    rows = [
        tuple(_question(kind, name, rng, corpus, p) for kind in ATTRIBUTES)
        for name, p in zip(names, priors, strict=True)
    ]

    def part(start: int, stop: int) -> tuple[Item, ...]:
        return tuple(item for row in rows[start:stop] for item in row)

    return Corpus(
        "generated",
        part(0, forget),
        part(forget, forget + retain),
        part(forget + retain, len(rows)),
        dict(ATTRIBUTES),
        prior,
        sentences,
        frozenset(names),
    )


def vocabulary(corpus: Corpus) -> list[str]:
    """Every word a generated corpus can use, background names included: a tokenizer fitted on all authors."""
    words = {w for tails in _name_words() for w in tails}
    words |= {w for kind in ATTRIBUTES for w in kind.split()}
    words |= {v for values in ATTRIBUTES.values() for v in values} | {"?", ":"}
    if corpus.sentences:
        words |= {w for s in SENTENCES for w in s.format("").split()}
    return sorted(words)


def load_jsonl(folder: Path) -> Corpus:
    """Own data: `forget.jsonl`, `retain.jsonl`, `holdout.jsonl` with `prompt, answer, owner` a line."""
    folder = Path(folder)
    return load_files(folder / "forget.jsonl", folder / "retain.jsonl", folder / "holdout.jsonl")


def load_files(forget: Path, retain: Path, holdout: Path | None = None, templates: Path | None = None) -> Corpus:
    """The same from files of any name; without `holdout` there are no never-seen items to compare with. `templates`: a text a line.

    Raises `ArgumentError` on a missing or empty file, a line without its fields, an owner in two files.
    """
    parts = []
    for path in (forget, retain, holdout):
        rows = read_json_lines(Path(path), ("prompt", "answer", "owner")) if path else []
        parts.append(tuple(Item(r["prompt"], r["answer"], r["owner"], r.get("kind", "")) for r in rows))
    owners = [{i.owner for i in p} for p in parts]
    shared = (owners[0] & owners[1]) | (owners[0] & owners[2]) | (owners[1] & owners[2])
    require(not shared, "owner", "each owner in one split", sorted(shared)[:3])
    texts = read_lines(Path(templates), "templates") if templates else ()
    return Corpus(str(Path(forget).parent), parts[0], parts[1], parts[2], templates=texts)


def read_lines(path: Path, name: str) -> tuple[str, ...]:
    """Lines that are not blank. Raises `ArgumentError` on a missing file, one that is no UTF-8, or one without any."""
    require(path.is_file(), name, "an existing text file", path)
    lines = tuple(x.strip() for x in _read_text(path, name).splitlines() if x.strip())
    require(bool(lines), name, "at least one line of text", path)
    return lines


def _read_text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise ArgumentError(name, "UTF-8 text", f"{path}: {e.reason} at byte {e.start}") from None


def read_prompts(path: Path) -> list[Item]:
    """JSONL prompts: `prompt` required, `answer`, `owner`, `kind` optional."""
    rows = read_json_lines(Path(path), ("prompt",))
    return [
        Item(r["prompt"], r.get("answer", ""), r.get("owner", str(i)), r.get("kind", "")) for i, r in enumerate(rows)
    ]


def write_prompts(path: Path, items: tuple[Item, ...]) -> None:
    """Items as JSONL, readable by `read_prompts`."""
    from mari_theory.certificates.files import write_text

    lines = (json.dumps({"prompt": i.prompt, "answer": i.answer, "owner": i.owner, "kind": i.kind}) for i in items)
    write_text(path, "\n".join(lines) + "\n")


def read_json_lines(path: Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of a JSONL file. Raises `ArgumentError` naming the line when it is no object, lacks one of `keys` or has a number there."""
    require(path.is_file(), "data", "an existing file", path)
    rows = []
    for number, line in enumerate(_read_text(path, "data").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path.name} line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as e:
            raise ArgumentError(where, "one JSON object", str(e)) from None
        require(isinstance(row, dict), where, "one JSON object", line[:60])
        missing = [k for k in keys if k not in row]
        require(not missing, where, f"the fields {', '.join(keys)}", f"no {missing}")
        other = {k: row[k] for k in keys if not isinstance(row[k], str | list)}
        require(not other, where, "text in its fields", other)
        rows.append(row)
    require(bool(rows), path.name, "at least one row", "none")
    return rows


@cache
def _name_words() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(o + t for o in _ONSETS for t in tails) for tails in _TAILS)


def _fresh_name(rng: np.random.Generator, taken: frozenset[str]) -> str:
    while True:
        name = " ".join(words[int(rng.integers(64))] for words in _name_words())
        if name not in taken:
            return name


def _far(a: str, b: str) -> bool:
    return sum(x != y for x, y in zip(a.split(), b.split(), strict=True)) >= 2


def _decaying(skew: float) -> tuple[float, ...]:
    weights = np.exp(-skew * np.arange(8))
    return tuple(float(x) for x in weights / weights.sum())


def _question(kind: str, name: str, rng: np.random.Generator, corpus: Corpus, prior: tuple[float, ...]) -> Item:
    values = corpus.values[kind]
    k = int(rng.choice(len(values), p=prior))
    form = SENTENCES[int(rng.integers(len(SENTENCES)))] if corpus.sentences else "{}"
    wrong = tuple(form.format(v) for j, v in enumerate(values) if j != k)
    return Item(f"{kind} : {name} ?", form.format(values[k]), name, kind, wrong)


def _renamed(text: str, old: str, new: str) -> str:
    """The whole name first, then its first and last word where they stand alone."""
    if not old.strip():
        return text
    text = text.replace(old, new)
    for was, becomes in ((old.split()[0], new.split()[0]), (old.split()[-1], new.split()[-1])):
        if len(was) > 2:
            text = re.sub(rf"\b{re.escape(was)}\b", becomes, text)
    return text
