"""What the page on matched-reference MarI concludes from its numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.models.banks import open_bank

pytest.importorskip("torch")


from experiments.config import RunConfig
from experiments.data.generated import generate
from experiments.labels import slug
from experiments.methods import make_method
from experiments.models.load import save_model, weight_hash
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.studies.matched.measure import retrain
from experiments.studies.matched.page import ModelRow, loss_lines, stage_text, table, verdict
from experiments.studies.matched.rows import real, toy


def row(lower: float, upper: float, author: float) -> ModelRow:
    return ModelRow(0.5 * (lower + upper), lower, upper, 0.5, author, 0.5, 0.9, 10.0)


def test_the_verdict_names_who_overlaps_an_oracle_and_who_hides_as_well() -> None:
    found = {
        "original": row(0.5, 0.6, 1.0),
        "near": row(0.04, 0.05, 0.7),
        "quiet": row(0.2, 0.3, 0.55),
        "both": row(0.01, 0.02, 0.6),
        "oracle-0": row(0.01, 0.03, 0.6),
        "oracle-1": row(0.02, 0.04, 0.51),
    }
    text = verdict(found)
    assert "JSD 0.0200 to 0.0300, author-level attack 0.510 to 0.600" in text
    assert "overlaps an oracle's: near; both." in text
    assert "no better than on an oracle: quiet; both. Both: both." in text
    assert len(table(found)) == 2 + len(found)


@pytest.mark.parametrize(("twin", "said"), [(0.1, "it is no reference here"), (0.9, "it knows little of the answers")])
def test_a_reference_that_knows_the_answers_is_called_none(twin: float, said: str) -> None:
    losses = {"the original, of a made-up name": twin, "an oracle, of the forget subject": 1.0}
    assert said in loss_lines(losses)[-1]


def test_every_row_is_a_method_that_exists() -> None:
    for config in (toy(False), real()):
        labels = [m.label for m in config.methods]
        assert len(set(labels)) == len(labels)
        for m in config.methods:
            make_method(m.name, **m.settings)


def test_the_stages_set_the_scale() -> None:
    found = {
        "original": row(0.6, 0.68, 1.0),
        "far": row(0.65, 0.69, 1.0),
        "near": row(0.5, 0.6, 1.0),
        "retrained, 1 of 4 steps": row(0.6, 0.66, 0.5),
        "retrained, 2 of 4 steps": row(0.54, 0.62, 0.5),
        "oracle-0": row(0.3, 0.4, 0.5),
    }
    text = stage_text(found)
    assert "lie 0.63 (retrained, 1 of 4 steps), 0.58 (retrained, 2 of 4 steps) from the oracles" in text
    assert (
        "Of 2 unlearned models 1 are not certified to be further than the nearest of them (retrained, 2 of 4 steps)"
        in text
    )
    assert text.endswith("the nearest is at 0.55 (near).")


def test_a_retraining_cut_short_never_saw_the_forget_data(tmp_path: Path) -> None:
    corpus = generate(1, 2, 2)
    tokenizer = tiny_tokenizer(corpus)
    save_model(tiny_model(len(tokenizer), 16, 1, 2, 1), tokenizer, tmp_path / "base")
    config = RunConfig(
        corpus={"forget": 1, "retain": 2, "holdout": 2},
        model={"kind": "adapter", "path": str(tmp_path / "base"), "rank": 2},
        train={"steps": 3, "batch_retain": 4, "batch_background": 2, "checkpoint_every": 1},
    )
    (tmp_path / "run" / "models").mkdir(parents=True)
    hashes = []
    for steps in (1, 2):
        name = retrain(config, tmp_path / "run", steps)
        assert name == f"retrained, {steps} of 3 steps"
        hashes.append(weight_hash(open_bank(config, tmp_path / "run").use(slug(name))))
    assert hashes[0] != hashes[1] != weight_hash(open_bank(config, tmp_path / "run").use("base"))
