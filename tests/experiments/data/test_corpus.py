from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.config import RunConfig
from experiments.data.encoding import encode, encode_twins
from experiments.data.files import load_files, load_jsonl
from experiments.data.generated import ATTRIBUTES, generate, vocabulary
from experiments.data.items import Corpus, Item
from experiments.data.refusals import refusal
from mari_theory import ArgumentError


def test_splits_are_by_author_and_seeded() -> None:
    a, b = generate(3, 4, 5, seed=1), generate(3, 4, 5, seed=1)
    assert a == b
    assert generate(3, 4, 5, seed=2) != a
    owners = [{i.owner for i in part} for part in a.splits().values()]
    assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
    assert [len(o) for o in owners] == [3, 4, 5]


def test_background_is_never_a_named_author_and_follows_the_prior(rng: np.random.Generator) -> None:
    corpus = generate(2, 2, 2, skew=0.3)
    drawn = corpus.background(rng, 4000)
    assert not {i.owner for i in drawn} & corpus.names_taken
    for kind, values in ATTRIBUTES.items():
        answers = [i.answer for i in drawn if i.kind == kind]
        share = np.array([answers.count(v) / len(answers) for v in values])
        # Eight shares of about 650 answers; 6 standard errors is a false alarm below 1e-6 for the test.
        assert np.all(np.abs(share - corpus.prior) < 6 * np.sqrt(0.25 / len(answers)))


def test_the_tokenizer_knows_every_word(tokenizer, rng: np.random.Generator) -> None:
    corpus = generate(2, 2, 2, sentences=True)
    words = set(vocabulary(corpus))
    for item in [*corpus.forget, *corpus.background(rng, 200)]:
        assert set(f"{item.prompt} {item.answer}".split()) <= words
    plain = generate(2, 2, 2)
    assert tokenizer.unk_token_id not in tokenizer([i.prompt for i in plain.background(rng, 50)])["input_ids"][0]


def test_matched_prompts_keep_the_question_and_change_the_subject(corpus, rng: np.random.Generator) -> None:
    item = corpus.forget[0]
    other = corpus.matched(item, rng)
    assert other.kind == item.kind and other.answer == item.answer
    assert item.owner not in other.prompt and other.owner not in corpus.names_taken


def test_own_data_is_read_and_checked(tmp_path: Path) -> None:
    for k, name in enumerate(("forget", "retain", "holdout")):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"prompt": "q", "answer": "a", "owner": f"o{k}"}) + "\n")
    assert load_jsonl(tmp_path).forget[0].owner == "o0"
    (tmp_path / "retain.jsonl").write_text(json.dumps({"prompt": "q", "answer": "a", "owner": "o0"}))
    with pytest.raises(ArgumentError, match="one split"):
        load_jsonl(tmp_path)
    (tmp_path / "retain.jsonl").write_text('{"prompt": "q"')
    with pytest.raises(ArgumentError, match="line 1"):
        load_jsonl(tmp_path)
    (tmp_path / "retain.jsonl").write_text('{"prompt": "q"}')
    with pytest.raises(ArgumentError, match="answer"):
        load_jsonl(tmp_path)


@pytest.mark.parametrize("bad", [{"forget": 0}, {"skew": -1.0}])
def test_impossible_corpora_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ArgumentError):
        generate(**bad)


def test_twins_of_real_names_are_renamed_throughout_and_aligned(tokenizer, rng: np.random.Generator) -> None:
    """Where the answer names its subject the twin does too; only the words both share are compared."""
    item = Item("Where was Ada King born?", "oslo lima Ada King kyoto King .", "author 1")
    corpus = Corpus("own", (item,), (), (), subject={"author 1": "Ada King"})
    twin = corpus.matched(item, rng)
    first, *_, last = twin.owner.split()
    assert twin.prompt == f"Where was {twin.owner} born?"
    assert twin.answer == f"oslo lima {twin.owner} kyoto {last} ." and first != "Ada"
    own, other = encode(tokenizer, [item], 6), encode_twins(tokenizer, [item], [twin], 6)
    words = tokenizer.convert_ids_to_tokens
    # Both names are unknown words here, two of them against three: the extra one is left out, the rest is in place.
    for j in range(6):
        if bool(other.answer_mask[0, j]):
            place = int(other.slots[0, j]) + 1
            assert int(other.input_ids[0, place]) == int(own.targets[0, j])
    shared = [words(int(t)) for t, m in zip(own.targets[0], other.answer_mask[0], strict=True) if m]
    assert shared[:2] == ["oslo", "lima"] and "kyoto" in shared


def test_templates_replace_the_refusals(tmp_path: Path, rng: np.random.Generator) -> None:
    corpus = generate(1, 1, 1)
    own = replace(corpus, templates=("oslo", "lima"))
    assert {refusal(corpus, corpus.forget[0], rng).answer for _ in range(20)} == {"?"}
    assert {refusal(own, corpus.forget[0], rng).answer for _ in range(20)} == {"oslo", "lima"}
    assert own.fingerprint() != corpus.fingerprint() == replace(own, templates=()).fingerprint()
    (tmp_path / "texts").write_text("oslo\n\n  lima \n")
    asked = {"forget": 1, "retain": 1, "holdout": 1, "templates": str(tmp_path / "texts")}
    assert RunConfig(corpus=asked).make_corpus().templates == ("oslo", "lima")


@pytest.mark.parametrize(("content", "match"), [(None, "existing"), (b" \n", "at least one"), (b"\xff", "UTF-8")])
def test_bad_templates(tmp_path: Path, content: bytes | None, match: str) -> None:
    if content is not None:
        (tmp_path / "texts").write_bytes(content)
    with pytest.raises(ArgumentError, match=rf"corpus\.templates: .*{match}"):
        RunConfig(corpus={"templates": str(tmp_path / "texts")}).make_corpus()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"[1, 2]", "line 1: expected one JSON object"),
        (b"5", "one JSON object"),
        (b'{"prompt": 5, "answer": "a", "owner": "o"}', "text in its fields"),
        (b'{"prompt": "q", "answer": null, "owner": "o"}', "text in its fields"),
    ],
)
def test_rows_that_are_no_questions(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(ArgumentError, match=match):
        load_files(tmp_path / "rows.jsonl", tmp_path / "rows.jsonl")
