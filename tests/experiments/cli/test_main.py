"""The command line to its contract: JSON alone on stdout, one line on stderr, exit 0, 1 or 2, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.cli.main import main
from experiments.config import load_config, select_methods
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from mari_theory import ArgumentError
from tests.mari_theory.certificates.build import coins, pool


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    try:
        status = main(list(argv))
    except SystemExit as e:
        status = int(e.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def test_certify_then_check(capsys, tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet")
    status, out, _ = run(capsys, "certify", str(evidence), "--out", str(tmp_path / "c.json"), "--json")
    assert status == 0 and json.loads(out)["claim"]["pair"] == "oracle"
    status, out, _ = run(capsys, "check", str(tmp_path / "c.json"), "--json")
    assert status == 0 and json.loads(out)["ok"] is True
    edited = json.loads((tmp_path / "c.json").read_text())
    edited["implies"]["max_accuracy"] = 0.51
    (tmp_path / "c.json").write_text(json.dumps(edited))
    status, out, _ = run(capsys, "check", str(tmp_path / "c.json"))
    assert status == 1 and "max_accuracy" in out


def test_human_output_fits_eighty_columns(capsys, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    status, out, _ = run(capsys, "verify", "--cases", "20", "--theorem", "T5", "--theorem", "T26", "--html", str(page))
    assert status == 0 and "2 passed, 0 failed" in out and "witness" in out
    assert max(map(len, out.splitlines())) <= 80
    text = page.read_text()
    assert 'id="T5"' in text and "figure of T5" in text and "No symbolic evidence" in text and "unavailable" not in text
    status, out, _ = run(capsys, "certify", str(coins(tmp_path / "s.parquet")))
    assert status == 0 and max(map(len, out.splitlines())) <= 80


def test_verify_json(capsys) -> None:
    status, out, err = run(capsys, "verify", "--theorem", "T5", "--cases", "50", "--json")
    result = json.loads(out)
    assert status == 0 and result["passed"] == 1 and result["theorems"][0]["evidence"]["property"] == "pass"
    assert err == ""


def test_score_pool_certify_check_on_saved_models(capsys, models: Path, corpus: Corpus, tmp_path: Path) -> None:
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    a, b = str(models / "a"), str(models / "b")
    made = run(
        capsys,
        "score",
        "--p",
        a,
        "--q",
        b,
        "--prompts",
        str(tmp_path / "f.jsonl"),
        "--out",
        str(tmp_path / "s.parquet"),
        "--draws",
        "30",
        "--max-new",
        "2",
        "--json",
    )
    assert made[0] == 0 and json.loads(made[1])["rows"] == 60
    made = run(
        capsys,
        "pool",
        "--model",
        a,
        "--retain",
        str(tmp_path / "r.jsonl"),
        "--forget",
        str(tmp_path / "f.jsonl"),
        "--out",
        str(tmp_path / "p.npz"),
    )
    assert made[0] == 0
    for name in ("s.parquet", "p.npz"):
        assert run(capsys, "certify", str(tmp_path / name), "--out", str(tmp_path / "c.json"))[0] == 0
        assert run(capsys, "check", str(tmp_path / "c.json"))[0] == 0


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
    capsys, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
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


def test_configs_round_trip_and_merge(tmp_path: Path) -> None:
    config = load_config("tiny", seed=4)
    (tmp_path / "c.yaml").write_text(config.dump())
    assert load_config("smollm2", tmp_path / "c.yaml") == config
    assert [m.label for m in select_methods(config, ["MarI pooled 1"]).methods] == ["MarI pooled 1"]
    with pytest.raises(ArgumentError, match="method"):
        select_methods(config, ["x"])


def test_certify_is_fast_on_many_rows(capsys, tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet", 100_000)
    status, out, _ = run(capsys, "certify", str(evidence), "--json")
    claim = json.loads(out)["claim"]
    assert status == 0 and claim["upper"] - claim["lower"] < 0.002
    assert np.isfinite(claim["estimate"])


def save_samples(folder: Path) -> dict[str, str]:
    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", rng.normal(size=(300, 2)))
    np.save(folder / "y.npy", rng.normal(size=300))
    np.save(folder / "labels.npy", rng.integers(0, 3, 300))
    (folder / "t.csv").write_text("a,b\n" + "\n".join(f"{i % 2},{i % 3}" for i in range(60)))
    return {p.stem: str(p) for p in folder.iterdir()}


@pytest.mark.parametrize(
    ("x", "y", "method"),
    [
        ("x", "y", "ksg1"),
        ("x", "y", "ksg2"),
        ("x", "labels", "ross"),
        ("labels", "labels", "mi-nsb"),
        ("labels", "labels", "mi-certified --alphabet 3 0,1,2"),
        ("labels", "labels", "jsd-certified --alphabet 4"),
        ("labels", None, "entropy-polynomial"),
        ("labels", None, "entropy-polynomial --alphabet 9"),
        ("labels", None, "entropy-certified --alphabet 0,1,2,3"),
        ("x", "y", "ksg1 --marginals copula"),
        ("y", None, "knn-entropy"),
        ("y", "y", "auc-certified --paired"),
        ("y", "y", "classifier-test"),
        ("y", "y", "mmd-test"),
    ],
)
def test_estimate_every_kind(capsys, tmp_path: Path, x: str, y: str | None, method: str) -> None:
    files = save_samples(tmp_path)
    argv = ["estimate", "--x", files[x], *(["--y", files[y]] if y else []), "--method", *method.split()]
    status, out, err = run(capsys, *argv, "--json")
    assert status == 0 and err == "" and {"value", "p_value"} & json.loads(out).keys()
    status, out, _ = run(capsys, *argv)
    assert status == 0 and max(map(len, out.splitlines())) <= 80


def test_estimate_tables_and_score_files(capsys, tmp_path: Path) -> None:
    files = save_samples(tmp_path)
    argv = (
        "estimate",
        "--x",
        files["t"],
        "--x-column",
        "a",
        "--y",
        files["t"],
        "--y-column",
        "b",
        "--method",
        "mi-plug-in",
    )
    status, out, _ = run(capsys, *argv, "--json")
    assert status == 0 and abs(json.loads(out)["value"]) < 1e-12
    scores = coins(tmp_path / "s.parquet")
    status, out, _ = run(capsys, "estimate", "--scores", str(scores), "--json")
    assert status == 0 and len(json.loads(out)["estimates"]) == 2
    status, out, _ = run(capsys, "estimate", "--pools", str(pool(tmp_path / "p.npz")), "--json")
    assert status == 0 and json.loads(out)["interval"]["theorem"] == "T17"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--x", "{y}", "--method", "ksg1"], "second sample"),
        (["--x", "{y}", "--y", "{y}", "--method", "ksgg1"], "ksg1"),
        (["--x", "{y}", "--y", "{y}", "--method", "entropy-nsb"], "no second sample"),
        (["--x", "nothing.npy", "--y", "{y}"], "existing file"),
        (["--x", "{t}", "--x-column", "z", "--method", "entropy-nsb"], "a, b"),
        ([], "a sample file"),
        (["--x", "{y}", "--y", "{labels}", "--k", "300"], "more than k"),
        (["--x", "{y}", "--y", "{y}", "--method", "auc-certified", "--confidence", "2"], "confidence"),
        (["--x", "{y}", "--y", "{y}", "--method", "auc-certified"], "move together"),
        (["--x", "{labels}", "--method", "entropy-certified"], "those seen are not all"),
        (["--x", "{labels}", "--method", "entropy-certified", "--alphabet", "0,1"], "got 2"),
        (["--x", "{y}", "--y", "{y}", "--marginals", "ranks"], "copula"),
    ],
)
def test_estimate_refuses_in_one_line(capsys, tmp_path: Path, argv: list[str], words: str) -> None:
    files = save_samples(tmp_path)
    status, out, err = run(capsys, "estimate", *(a.format(**files) for a in argv))
    assert status == 2 and out == "" and err.count("\n") == 1 and words in err


def test_study_names_its_studies_and_bench_says_where_they_are(capsys) -> None:
    names = {"attribution", "blindness", "matched", "methods", "objections", "rounds"}
    assert {line.split()[0] for line in run(capsys, "study")[1].splitlines()} == names
    status, out, err = run(capsys, "bench")
    assert status == 0 and {line.split()[0] for line in out.splitlines()} == names
    assert err.count("\n") == 1 and "mari study" in err
    for name in ("coverage", "estimators", "mistakes", "speed"):
        status, out, err = run(capsys, "bench", name)
        assert status == 2 and out == "" and err.count("\n") == 1 and f"python -m benchmarks {name}" in err
    assert run(capsys, "bench", "speeed")[0] == 2


def test_a_pool_file_refuses_an_interval_it_does_not_know(capsys, tmp_path: Path) -> None:
    status, _, err = run(capsys, "certify", str(pool(tmp_path / "p.npz")), "--interval", "betting")
    assert status == 2 and "pooled-fast-rate" in err
