"""Models made elsewhere: what a run keeps of them, and what it refuses before anything is measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.audit.run import run_audit
from experiments.config import CorpusConfig, RunConfig
from experiments.labels import slug
from experiments.models.adapters import with_adapter
from experiments.models.banks import open_bank
from experiments.models.load import load_model, load_tokenizer, save_model, weight_hash
from experiments.models.tiny import tiny_model
from experiments.unlearning import ready
from experiments.unlearning.ready import keep, look_at
from experiments.unlearning.roles import Entry
from experiments.unlearning.train import train_one
from mari_theory import ArgumentError
from tests.experiments.audit.small import small

LABEL = "MarI pooled 1"


def given(made: Path, **changes: Any) -> RunConfig:
    """The small audit with its models named and not trained."""
    data = small().model_dump() | {"methods": [], "original": str(made / "original")}
    data |= {"oracles": [str(made / f"oracle-{k}") for k in range(2)], "models": {LABEL: str(made / slug(LABEL))}}
    return RunConfig(**data | changes)


@pytest.fixture
def made(finished: Path, tmp_path: Path) -> Path:
    """Whole models in folders, as somebody else would have left them."""
    for name in ("original", "oracle-0", "oracle-1", slug(LABEL)):
        shutil.copytree(finished / "models" / name, tmp_path / "made" / name)
    return tmp_path / "made"


def test_the_record_of_a_ready_model_has_the_digest_it_was_trained_with(finished: Path, made: Path) -> None:
    config, run = given(made), made.parent / "run"
    records = look_at(config, run, config.make_corpus())
    assert list(records) == ["original", "oracle-0", "oracle-1", LABEL] and not run.exists()
    for name, record in records.items():
        trained = json.loads((finished / "models" / f"{slug(name)}.json").read_text())
        assert record["weights_sha256"] == trained["weights_sha256"] and record["ready"] == str(made / slug(name))
        assert trained.keys() >= record.keys() - {"ready", "files", "vocabulary"} and record["seconds"] is None


def test_a_digest_is_kept_while_the_files_are_the_same(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, run = given(made), made.parent / "run"
    corpus, hashed = config.make_corpus(), list[Any]()
    keep_all = look_at(config, run, corpus)
    (run / "models").mkdir(parents=True)
    keep(keep_all, run)

    def noted(model: Any) -> str:
        hashed.append(model)
        return weight_hash(model)

    monkeypatch.setattr(ready, "weight_hash", noted)
    assert look_at(config, run, corpus) == keep_all and not hashed
    (made / "oracle-1" / "config.json").touch()
    again = look_at(config, run, corpus)
    assert len(hashed) == 1 and again["oracle-1"]["weights_sha256"] == keep_all["oracle-1"]["weights_sha256"]
    save_model(
        tiny_model(len(load_tokenizer(made / "oracle-1")), 16, 1, 2, 9),
        load_tokenizer(made / "oracle-1"),
        made / "oracle-1",
    )
    with pytest.raises(ArgumentError, match=r"^oracles, oracle-1, weights: expected those this run began with"):
        look_at(config, run, corpus)


def other_words(made: Path) -> None:
    tokenizer = load_tokenizer(made / "oracle-1")
    tokenizer.add_tokens(["another"])
    tokenizer.save_pretrained(made / "oracle-1")


def same_words_in_another_order(made: Path) -> None:
    path = made / "oracle-1" / "tokenizer.json"
    data = json.loads(path.read_text())
    words = data["model"]["vocab"]
    first, second = sorted(words, key=lambda w: int(words[w]))[-2:]
    words[first], words[second] = words[second], words[first]
    path.write_text(json.dumps(data))


def another_end(made: Path) -> None:
    tokenizer = load_tokenizer(made / "oracle-1")
    tokenizer.eos_token = "<unk>"
    tokenizer.save_pretrained(made / "oracle-1")


def more_rows(made: Path) -> None:
    tokenizer = load_tokenizer(made / slug(LABEL))
    save_model(tiny_model(len(tokenizer) + 8, 16, 1, 2, 5), tokenizer, made / slug(LABEL))


def short(made: Path) -> None:
    model = load_model(made / "original")
    model.config.max_position_embeddings = 4
    save_model(model, load_tokenizer(made / "original"), made / "original")


def copied(made: Path) -> None:
    shutil.rmtree(made / slug(LABEL))
    shutil.copytree(made / "oracle-0", made / slug(LABEL))


BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a missing folder": (
        lambda m: shutil.rmtree(m / "oracle-1"),
        "oracles, oracle-1, model: expected a folder with config",
    ),
    "no weights": (
        lambda m: (m / "original" / "model.safetensors").unlink(),
        "original, original, model: expected a folder",
    ),
    "no tokenizer": (
        lambda m: (m / "oracle-0" / "tokenizer.json").unlink(),
        "oracles, oracle-0, tokenizer: expected a folder",
    ),
    "other words": (
        other_words,
        r"oracles, oracle-1, tokenizer: expected the number of tokens \d+ of original, got another \d+",
    ),
    "another order": (same_words_in_another_order, "oracles, oracle-1, tokenizer: expected the vocabulary of original"),
    "another end": (another_end, "oracles, oracle-1, tokenizer: expected the end token 1 of original, got another 2"),
    "more rows": (more_rows, rf"models, {LABEL}, vocabulary: expected \d+ tokens as in original"),
    "a short context": (short, "original, original, prompt: expected prompt and answer within 4 tokens"),
    "one model twice": (
        copied,
        rf"models, {LABEL}, weights: expected those of no other model of the run, got the weights of oracle-0",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_fault_is_one_line_that_names_the_model_and_nothing_is_written(made: Path, fault: str) -> None:
    spoil, words = BAD[fault]
    spoil(made)
    with pytest.raises(ArgumentError, match=f"^{words}") as error:
        run_audit(given(made), made.parent / "run")
    assert "\n" not in str(error.value) and not (made.parent / "run").exists()


def test_a_trained_model_needs_room_too(tmp_path: Path) -> None:
    """64 places: too few for 70 generated tokens; answers of one word fit wherever they are cut."""
    config = small().model_copy(update={"unlearn": small().unlearn.changed({"max_answer": 70})})
    assert look_at(config, tmp_path / "run", config.make_corpus()) == {}
    with pytest.raises(ArgumentError, match=r"^prompt: expected prompt and answer within 64 tokens, got \d\d"):
        run_audit(small(max_new=70), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_enumerated_is_refused(tmp_path: Path) -> None:
    config = small()
    longer = small(max_new=3)
    with pytest.raises(
        ArgumentError, match=r"^scoring\.enumerate_exactly: expected false, or scoring\.max_new of at most 2.* got 3"
    ):
        run_audit(longer, tmp_path / "run")
    sentences = config.model_copy(update={"corpus": config.corpus.model_copy(update={"sentences": True})})
    with pytest.raises(
        ArgumentError, match=r"^scoring\.enumerate_exactly: expected false, or answers of one token, got \d"
    ):
        run_audit(sentences, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_own_text_with_the_tokenizer_of_the_toy_is_refused(tmp_path: Path) -> None:
    for name in ("forget", "retain", "holdout"):
        rows = [{"prompt": f"Where was {name} {k} born?", "answer": "Hanoi", "owner": f"{name} {k}"} for k in range(3)]
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    own = small().model_copy(update={"corpus": CorpusConfig(kind="jsonl", folder=str(tmp_path)), "methods": []})
    with pytest.raises(
        ArgumentError, match=r"^tokenizer: expected text in the \d+ words .* tokens unknown: Where, was"
    ):
        run_audit(own, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_method_trained_on_a_ready_original_is_the_one_trained_on_the_run_s_own(finished: Path, made: Path) -> None:
    methods = [m for m in small().methods if m.label == LABEL]
    config, run = given(made, models=(), methods=methods), made.parent / "run"
    (run / "models").mkdir(parents=True)
    (run / "checkpoints" / slug(LABEL)).mkdir(parents=True)
    record = train_one(config, run, Entry(LABEL))
    theirs = json.loads((finished / "models" / f"{slug(LABEL)}.json").read_text())
    assert record["steps"] == theirs["steps"] and record["settings"] == theirs["settings"]
    ours, other = (x.state_dict() for x in (open_bank(config, run).use(slug(LABEL)), load_model(made / slug(LABEL))))
    before = load_model(made / "original").state_dict()
    assert all(torch.allclose(ours[k], other[k], atol=1e-5) for k in other)
    assert any(not torch.allclose(ours[k], before[k], atol=1e-4) for k in before)
    assert not (run / "models" / "original").exists()  # nothing is copied


def test_a_model_may_be_an_adapter_on_another_folder(made: Path) -> None:
    pytest.importorskip("peft")
    folder = made / slug(LABEL)
    model = with_adapter(load_model(made / "original"), 2, 0)
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(0.1)
    shutil.rmtree(folder)
    model.save_pretrained(folder)
    config, run = given(made), made.parent / "run"
    records = look_at(config, run, config.make_corpus())
    assert records[LABEL]["weights_sha256"] not in {
        records["original"]["weights_sha256"],
        records["oracle-0"]["weights_sha256"],
    }
    names = [name for name, *_ in records[LABEL]["files"]]
    assert names == ["adapter_config.json", "adapter_model.safetensors"]
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(ArgumentError, match=rf"^models, {LABEL}, model: expected adapter_model\.safetensors"):
        look_at(config, run, config.make_corpus())
