"""What is handed over is complete: every certificate is derived again from the folder alone, every digest holds."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from experiments.audit.results import Run
from experiments.cli.main import main
from experiments.models.load import load_model, load_tokenizer
from experiments.request.handover import SUMS, certificates_of, sums


def test_the_folder_checks_by_itself_wherever_it_is(done: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(done / "handover", tmp_path / "elsewhere")
    made = sorted((folder / "certificates").glob("*.json"))
    assert [p.stem for p in made] == sorted(certificates_of(Run.load(done / "audit"))) and len(made) == 3
    assert all(main(["check", str(p)]) == 0 for p in made)
    assert not list(done.rglob(".*.part"))


def test_every_file_has_its_digest(done: Path) -> None:
    folder = done / "handover"
    lines = (line.partition("  ") for line in (folder / SUMS).read_text().splitlines())
    listed = {name: digest for digest, _, name in lines}
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.name != SUMS}
    assert listed == {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in files.items()}
    assert {"statement.html", "report.html"} <= set(files) and sums(folder) == (folder / SUMS).read_text()


def test_the_unlearned_model_is_a_folder_of_its_own(done: Path) -> None:
    model, tokenizer = load_model(done / "model"), load_tokenizer(done / "model")
    assert len(tokenizer) <= model.get_input_embeddings().weight.shape[0]
    note = json.loads((done / "record.json").read_text())
    assert note["method"] == "npo" and note["model"].endswith("model")
