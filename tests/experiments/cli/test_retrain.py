"""`mari retrain`: folders of oracles from a table, and what to do with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.models.load import load_model
from tests.experiments.cli.call import run


def test_the_toy_is_retrained_from_a_table(capsys: pytest.CaptureFixture[str], corpus: Corpus, tmp_path: Path) -> None:
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    argv = ["retrain", "tiny", "--retain", str(tmp_path / "r.jsonl"), "--out", str(tmp_path / "o"), "--count", "1"]
    status, out, err = run(capsys, *argv, "--steps", "2", "--json")
    made = json.loads(out)
    assert status == 0 and made["oracles"] == [str(tmp_path / "o" / "oracle-0")] and "oracle-0: 2 steps" in err
    assert load_model(made["oracles"][0]).config.vocab_size > 100
    status, out, _ = run(capsys, *argv, "--steps", "2", "--resume")
    assert status == 0 and f"oracles: [{made['oracles'][0]}]" in out and "mari request MODEL --oracle" in out
    for wrong, said in (
        (["--lr", "nan"], "--lr: expected"),
        (["--rank", "-1"], "--rank: expected"),
        (["--epochs", "0"], "--epochs"),
    ):
        status, _, err = run(capsys, *argv[:-4], "--out", str(tmp_path / "x"), *wrong)
        assert status == 2 and said in err and not (tmp_path / "x").exists()
