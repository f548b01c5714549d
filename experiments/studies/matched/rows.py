"""The three requests of the study and the rows each is given to."""

from __future__ import annotations

from typing import Any

from experiments.config import CorpusConfig, MethodConfig, RunConfig, load_config


def rows(*table: tuple[str, str, dict[str, Any], dict[str, Any]]) -> list[MethodConfig]:
    """Methods from label, name, settings and loop changes."""
    return [MethodConfig(label=label, name=name, settings=s, loop=loop) for label, name, s, loop in table]


TOY = rows(
    ("retain-only (control)", "retain-only", {}, {}),
    ("made-up names, penalty 3", "mari-matched", {"penalty": 3.0}, {}),
    ("made-up names, penalty 10", "mari-matched", {"penalty": 10.0}, {}),
    ("made-up names, penalty 30", "mari-matched", {"penalty": 30.0}, {}),
    ("made-up names, penalty 10, twice the steps", "mari-matched", {"penalty": 10.0}, {"steps": 300}),
    ("made-up names, penalty 10, losses 0.4", "mari-matched", {"penalty": 10.0, "match_loss": 0.4}, {}),
    ("made-up names, penalty 30, losses 4", "mari-matched", {"penalty": 30.0, "match_loss": 4.0}, {}),
    ("made-up names, penalty 10, mean loss 2", "mari-matched", {"penalty": 10.0, "match_mean": 2.0}, {}),
    ("made-up names, penalty 10, mean loss 10", "mari-matched", {"penalty": 10.0, "match_mean": 10.0}, {}),
    (
        "made-up names, penalty 10, mean loss 2, twice the steps",
        "mari-matched",
        {"penalty": 10.0, "match_mean": 2.0},
        {"steps": 300},
    ),
    ("made-up names by kind, penalty 10", "mari-matched", {"penalty": 10.0, "per": "kind"}, {}),
    (
        "holdout questions by kind, penalty 10",
        "mari-matched",
        {"penalty": 10.0, "per": "kind", "source": "holdout"},
        {},
    ),
    ("no background, penalty 10", "mari-matched", {"penalty": 10.0}, {"batch_background": 0}),
    ("NPO 0.01", "npo", {"gamma": 0.01}, {}),
    ("FLAT with retain term 0.1", "flat-retain", {"gamma": 0.1}, {}),
)
REAL = rows(
    ("retain-only (control)", "retain-only", {}, {}),
    ("made-up names, penalty 10", "mari-matched", {"penalty": 10.0}, {}),
    ("made-up names, penalty 10, mean loss 0.3", "mari-matched", {"penalty": 10.0, "match_mean": 0.3}, {}),
    ("made-up names, penalty 10, mean loss 2", "mari-matched", {"penalty": 10.0, "match_mean": 2.0}, {}),
    ("made-up names, penalty 10, twice the steps", "mari-matched", {"penalty": 10.0}, {"steps": 40}),
    (
        "made-up names, penalty 10, mean loss 0.3, twice the steps",
        "mari-matched",
        {"penalty": 10.0, "match_mean": 0.3},
        {"steps": 40},
    ),
    ("the model before fine-tuning, penalty 10", "mari-matched", {"penalty": 10.0, "source": "base"}, {}),
)
TOFU = rows(
    ("the model before fine-tuning, penalty 3", "mari-matched", {"penalty": 3.0, "source": "base"}, {}),
    (
        "the model before fine-tuning, penalty 10, losses 0.3",
        "mari-matched",
        {"penalty": 10.0, "source": "base", "match_loss": 0.3},
        {},
    ),
    (
        "the model before fine-tuning, penalty 10, mean loss 2",
        "mari-matched",
        {"penalty": 10.0, "source": "base", "match_mean": 2.0},
        {},
    ),
    (
        "the model before fine-tuning, penalty 3, four times the steps",
        "mari-matched",
        {"penalty": 3.0, "source": "base"},
        {"steps": 160},
    ),
    ("NPO 0.1, four times the steps", "npo", {"gamma": 0.1}, {"steps": 160}),
)
RETRAINED = (10, 20, 30)
"""Steps of retrainings cut short, on TOFU: models that never saw the forget data, and are no oracles yet."""


def toy(quick: bool) -> RunConfig:
    """The calibrated toy with sentence answers."""
    config = load_config("tiny", seed=21)
    steps = 40 if quick else config.train.steps
    return config.model_copy(
        update={
            "corpus": CorpusConfig(**{**config.corpus.model_dump(), "sentences": True}),
            "train": config.train.changed({"steps": steps}),
            "unlearn": config.unlearn.changed({"steps": 6 if quick else config.unlearn.steps}),
            "methods": TOY[:3] if quick else TOY,
        }
    )


def real() -> RunConfig:
    """SmolLM2 on generated authors with sentence answers; fresh authors in every batch teach it the prior."""
    config = load_config("smollm2", seed=0)
    loop = {"batch_retain": 8, "batch_background": 8, "max_answer": 14, "evaluate_items": 18, "checkpoint_every": 20}
    return config.model_copy(
        update={
            "corpus": CorpusConfig(forget=3, retain=5, holdout=10, sentences=True),
            "train": config.train.changed({**loop, "steps": 80, "batch_forget": 1, "evaluate_every": 40}),
            "unlearn": config.unlearn.changed({**loop, "steps": 20, "batch_forget": 9, "evaluate_every": 10}),
            "oracles": 2,
            "methods": REAL,
        }
    )
