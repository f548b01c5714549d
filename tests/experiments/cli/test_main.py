"""The command line to its contract: JSON alone on stdout, one line on stderr, exit 0, 1 or 2, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.experiments.cli.call import run
from tests.mari_theory.certificates.build import coins, pool

BAD = {
    "no such file": ["certify", "{tmp}/nothing.parquet"],
    "text file": ["certify", "{tmp}/text.txt"],
    "confidence 1": ["certify", "{tmp}/s.parquet", "--confidence", "1"],
    "confidence nan": ["certify", "{tmp}/s.parquet", "--confidence", "nan"],
    "confidence word": ["certify", "{tmp}/s.parquet", "--confidence", "high"],
    "margin": ["certify", "{tmp}/s.parquet", "--margin", "-1"],
    "interval": ["certify", "{tmp}/s.parquet", "--interval", "bootstrap"],
    "mixed kinds": ["certify", "{tmp}/s.parquet", "{tmp}/p.npz"],
    "unwritable": ["certify", "{tmp}/s.parquet", "--out", "{tmp}/text.txt/c.json"],
    "certificate": ["check", "{tmp}/text.txt"],
    "no command": [],
    "unknown command": ["forget"],
    "preset": ["audit", "--preset", "huge"],
    "config": ["audit", "--config", "{tmp}/nothing.yaml"],
    "yaml": ["audit", "--config", "{tmp}/bad.yaml"],
    "unknown key": ["audit", "--config", "{tmp}/key.yaml"],
    "wrong value": ["audit", "--config", "{tmp}/value.yaml"],
    "method": ["audit", "--method", "magic"],
    "folder in use": ["audit", "--out", "{tmp}"],
    "file as folder": ["audit", "--out", "{tmp}/text.txt/run"],
    "theorem": ["verify", "--theorem", "T99"],
    "cases": ["verify", "--cases", "0"],
    "report": ["report", "{tmp}"],
    "model": ["score", "--p", "{tmp}", "--q", "{tmp}", "--prompts", "{tmp}/f.jsonl", "--out", "{tmp}/o.parquet"],
    "prompts": ["pool", "--model", "{tmp}", "--retain", "{tmp}/none", "--forget", "{tmp}/none", "--out", "{tmp}/o.npz"],
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_with_one_line_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    coins(tmp_path / "s.parquet")
    pool(tmp_path / "p.npz", True)
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "bad.yaml").write_text("a: [")
    (tmp_path / "key.yaml").write_text("oracle_count: 3")
    (tmp_path / "value.yaml").write_text("oracles: one")
    (tmp_path / "f.jsonl").write_text('{"prompt": "x"}\n')
    before = sorted(p.name for p in tmp_path.rglob("*"))
    status, out, err = run(capsys, *[a.format(tmp=tmp_path) for a in BAD[name]])
    assert status == 2
    assert out == ""
    assert err.startswith("mari") and err.count("\n") == 1, err
    assert sorted(p.name for p in tmp_path.rglob("*")) == before
