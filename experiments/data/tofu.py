"""TOFU (Maini et al. 2024) from a local folder or the hub: the corpus and its evaluation questions."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

from experiments.data.items import Corpus, Item
from experiments.data.tables import read_table
from experiments.measures.model_log import FORGET, UTILITY_TASKS
from mari_theory.errors import ArgumentError, require

QUESTIONS = ("forget01", "forget05", "forget10", "retain", "real_authors", "world_facts")
AUTHOR = 20
"""Questions an author; the author of a row of `full.json` is its number // 20."""
HUB = "locuslab/TOFU"
PLACES = ("data/tofu", "../shared/data/tofu")


def tofu_folder(name: str | None, hub: bool = False) -> Path | None:
    """Where TOFU's files are: `name` (a folder, or a hub id), else $MARI_TOFU, data/tofu or ../shared/data/tofu; else, with `hub`, the hub's copy.

    Raises `ArgumentError` on a named folder without `full.json`, or a hub that has no such data or cannot be reached.
    """
    if name is not None:
        folder = Path(name)
        if not folder.exists() and re.fullmatch(r"[\w.-]+/[\w.-]+", name):
            return fetch_tofu(name)
        require((folder / "full.json").is_file(), "corpus.folder", "a folder with TOFU's full.json or a hub id", name)
        return folder
    for place in (os.environ.get("MARI_TOFU"), *PLACES):
        if place and (Path(place) / "full.json").is_file():
            return Path(place)
    return fetch_tofu() if hub else None


@cache
def fetch_tofu(name: str = HUB) -> Path:
    """TOFU's files from the hub, kept in its cache. Raises `ArgumentError` where the hub has none or cannot be reached."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, repo_type="dataset", allow_patterns="*.json"))
    except (OSError, ValueError) as e:
        why = str(e).strip().splitlines()[0]
        raise ArgumentError("corpus.folder", "a folder with TOFU's full.json or a hub id", f"{name}: {why}") from None
    require((folder / "full.json").is_file(), "corpus.folder", "TOFU's full.json in it", name)
    return folder


def load_tofu(
    folder: Path,
    split: str = "forget01",
    retain_authors: int = 4,
    holdout_authors: int = 2,
    forget_authors: int | None = None,
) -> Corpus:
    """TOFU from a local folder: `split` is forgotten, the first authors of the file retained, the last before `split` never trained.

    Wrong answers and paraphrases come from the `_perturbed` files, which know the forget authors and the first twenty.
    Raises `ArgumentError` on a missing file, an unknown split, or more authors than there are.
    """
    require(split in QUESTIONS[:3], "split", ", ".join(QUESTIONS[:3]), split)
    folder = Path(folder)
    rows = read_table(folder / "full.json", ("question", "answer"))
    by_text = {(i.prompt, i.answer): i for name in (split, "retain") for i in load_tofu_questions(folder, name)}
    authors = len(rows) // AUTHOR
    first = authors - len(read_table(folder / f"{split}.json", ("question", "answer"))) // AUTHOR
    last = authors if forget_authors is None else first + forget_authors
    require(last <= authors, "forget", f"at most the {authors - first} authors of {split}", forget_authors)
    total = retain_authors + holdout_authors
    require(total <= first, "retain", f"with the never-trained at most {first} authors", total)

    def items(numbers: range) -> tuple[Item, ...]:
        pairs = (
            (a, Item(r["question"], r["answer"], "")) for a in numbers for r in rows[AUTHOR * a : AUTHOR * (a + 1)]
        )
        return tuple(replace(by_text.get((i.prompt, i.answer), i), owner=f"author {a}") for a, i in pairs)

    parts = items(range(first, last)), items(range(retain_authors)), items(range(first - holdout_authors, first))
    questions: dict[str, list[str]] = {}
    for i in (i for part in parts for i in part):
        questions.setdefault(i.owner, []).append(i.prompt)
    return Corpus(f"TOFU {split}", *parts, subject={owner: _subject(prompts) for owner, prompts in questions.items()})


def load_tofu_questions(folder: Path, name: str) -> tuple[Item, ...]:
    """The evaluation questions of a forget split, of `retain` (its first authors), or of what is never fine-tuned on: `real_authors`, `world_facts`.

    Each with wrong answers and, for made-up authors, a paraphrase of the true one. Raises `ArgumentError` on another name or a missing file.
    """
    require(name in QUESTIONS, "name", ", ".join(QUESTIONS), name)
    rows = read_table(Path(folder) / f"{name}_perturbed.json", ("question", "answer", "perturbed_answer"))
    return tuple(
        Item(
            r["question"],
            r["answer"],
            name,
            wrong=tuple(r["perturbed_answer"]),
            paraphrase=r.get("paraphrased_answer", ""),
            rewording=r.get("paraphrased_question", ""),
        )
        for r in rows
    )


def evaluation_tasks(folder: Path, corpus: Corpus) -> dict[str, tuple[Item, ...]]:
    """TOFU's four tasks under the names of its logs: forget and retain (what the corpus holds of them), real authors, world facts."""
    retain = tuple(i for i in corpus.retain if i.wrong)
    others = (load_tofu_questions(folder, name) for name in QUESTIONS[4:])
    return {FORGET: corpus.forget, **dict(zip(UTILITY_TASKS, (retain, *others), strict=True))}


def _subject(questions: list[str]) -> str:
    """The author's name: the commonest run of two or three capitalised words in the questions."""
    runs: Counter[str] = Counter()
    for q in questions:
        words = [w.strip('?.,!"“”').removesuffix("'s").removesuffix("’s") for w in q.split()]
        for size in (2, 3):
            for i in range(1, len(words) - size + 1):
                if all(w[:1].isupper() for w in words[i : i + size]):
                    runs[" ".join(words[i : i + size])] += size
    return runs.most_common(1)[0][0] if runs else questions[0].split()[0]
