"""What matched-reference MarI takes to reach the oracle floor: sentence-length answers on the toy, SmolLM2 on authors it can be calibrated for, SmolLM2 on TOFU.

`mari bench matched`. Reads a finished `mari audit --preset smollm2` for its last part; models are kept in the run folder and trained once.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.methods import author_means, train
from benchmarks.pages import write_page
from experiments.config import CorpusConfig, MethodConfig, RunConfig, load_config, slug
from experiments.data.encoding import Encoded, answer_log_probs, encode, encode_twins, many_prompt_ids
from experiments.measures.detectors import auc, either_way
from experiments.measures.items import item_scores
from experiments.measures.pair import sample_pair
from experiments.methods.signals import masked, mean_answer
from experiments.models.passes import slices
from experiments.unlearning.roles import Oracle, oracle_arm, oracle_names
from experiments.unlearning.train import open_bank, train_one
from mari_theory.certificates.files import write_text
from mari_theory.errors import require


def rows(*table: tuple[str, str, dict[str, Any], dict[str, Any]]) -> list[MethodConfig]:
    """Methods from label, name, settings and loop changes."""
    return [MethodConfig(label=label, name=name, settings=s, loop=loop) for label, name, s, loop in table]


ANSWERS = 200
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


@dataclass(frozen=True)
class Measured:
    """A model against the oracle average."""

    jsd: float
    lower: float
    upper: float
    by_question: float
    by_author: float
    forget: float
    retain: float
    seconds: float


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


def study(
    config: RunConfig, run: Path, draws: int, longest: int, ends: tuple[str, ...] | None = None
) -> dict[str, Measured]:
    """Train what is missing and measure the original, every row and the oracles (`ends`: these instead), each kept once measured."""
    train(config, run)
    bank, corpus = open_bank(config, run), config.make_corpus()
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    oracles, out = [slug(o) for o in oracle_names(config)], {}
    last = ends if ends is not None else tuple(oracle_names(config))
    for name in ["original", *(m.label for m in config.methods), *last]:
        kept = run / "models" / f"{slug(name)}-measured.json"
        if not kept.is_file():
            print(f"measuring {name}", flush=True)
            arm = oracle_arm(oracles, slug(name))
            made = sample_pair(bank, arm, [slug(name)], prompts, draws, longest, (1, 2)).jsd(config.confidence)
            forget, retain, unseen = (
                item_scores(bank.use(slug(name)), bank.tokenizer, x, config.unlearn.max_answer)
                for x in corpus.splits().values()
            )
            record = json.loads((run / "models" / f"{slug(name)}.json").read_text(encoding="utf-8"))
            found = {
                "jsd": made.value,
                "lower": made.interval.lower,
                "upper": made.interval.upper,
                "by_question": either_way(auc(-forget.loss, -unseen.loss)),
                "by_author": either_way(
                    auc(-author_means(forget, corpus.forget), -author_means(unseen, corpus.holdout))
                ),
                "forget": forget.probability.mean(),
                "retain": retain.probability.mean(),
                "seconds": record["seconds"],
            }
            write_text(kept, json.dumps({k: float(v) for k, v in found.items()}))
        out[name] = Measured(**json.loads(kept.read_text(encoding="utf-8")))
    return out


def table(found: dict[str, Measured]) -> list[str]:
    """A row a model."""
    lines = [
        "| model | JSD to the oracles | certified | loss attack, by question | by author | forget p | retain p | seconds |",
        "|" + " --- |" * 8,
    ]
    for name, m in found.items():
        lines.append(
            f"| {name} | {m.jsd:.4f} | {m.lower:.4f} to {m.upper:.4f} | {m.by_question:.3f} | {m.by_author:.3f} | {m.forget:.3f} | {m.retain:.3f} | {m.seconds:.0f} |"
        )
    return lines


def verdict(found: dict[str, Measured]) -> str:
    """Which rows are as near to the oracles, and as hard to attack, as the oracles are among themselves."""
    floor = [m for n, m in found.items() if n.startswith("oracle-")]
    rest = {n: m for n, m in found.items() if not n.startswith("oracle-") and n != "original"}
    reach = max(m.upper for m in floor)
    attack = max(m.by_author for m in floor)
    near = [n for n, m in rest.items() if m.lower <= reach]
    quiet = [n for n, m in rest.items() if m.by_author <= attack]
    both = [n for n in near if n in quiet]

    def said(names: list[str]) -> str:
        return "; ".join(names) or "none"

    return (
        f"Oracles among themselves: JSD {min(m.jsd for m in floor):.4f} to {max(m.jsd for m in floor):.4f}, author-level attack "
        f"{min(m.by_author for m in floor):.3f} to {attack:.3f}. Certified interval overlaps an oracle's: {said(near)}. "
        f"Author-level attack no better than on an oracle: {said(quiet)}. Both: {said(both)}."
    )


def reference_losses(bank: Any, config: RunConfig) -> dict[str, float]:
    """How well each possible reference knows the forget answers: mean loss a token over the words twins share."""
    corpus, tokenizer, longest = config.make_corpus(), bank.tokenizer, config.unlearn.max_answer
    rng = np.random.default_rng(0)
    named = [corpus.matched(i, rng) for i in corpus.forget]
    twins = encode_twins(tokenizer, corpus.forget, named, longest)
    own = masked(encode(tokenizer, corpus.forget, longest), twins.answer_mask)
    rest: list[tuple[str, str, Encoded]] = []
    if config.model.kind != "tiny":
        asked = [replace(t, prompt=f"Tell me about {t.owner}.") for t in named]
        bare = encode_twins(tokenizer, corpus.forget, asked, longest)
        rest = [
            ("the original, of a made-up name, only to tell about it", "original", bare),
            ("the model before fine-tuning, of the forget subject", "base", own),
        ]
    out = {}
    for label, name, data in (
        ("the original, of the forget subject", "original", own),
        ("the original, of a made-up name", "original", twins),
        *rest,
        ("an oracle, of the forget subject", "oracle-0", own),
    ):
        model = bank.use(name)
        with torch.no_grad():
            losses = [-mean_answer(answer_log_probs(model, part), part) for part in slices(data, 16, model)]
        out[label] = float(torch.cat(losses).mean())
    return out


def said_of(losses: dict[str, float]) -> list[str]:
    """The losses, and whether a made-up name is a reference that knows nothing."""
    twin, oracle = losses["the original, of a made-up name"], losses["an oracle, of the forget subject"]
    knows = twin < 0.5 * oracle
    verdict = (
        "so it is no reference here: the wording of the question, or the answer so far, tells the model what it learnt by heart."
        if knows
        else "so it knows little of the answers."
    )
    return [
        "| asked | mean loss, nats a token |",
        "| --- | --- |",
        *(f"| {label} | {value:.3f} |" for label, value in losses.items()),
        "",
        f"Asked of a made-up name the original is at {twin:.2f}, an oracle asked of the forget subject at {oracle:.2f}: {verdict}",
    ]


def retrain(config: RunConfig, run: Path, steps: int) -> str:
    """A retraining of so many steps and a seed of its own, beside the other models of the run; returns its name."""
    name, made = f"retrained, {steps} of {config.train.steps} steps", Oracle(config.oracles)
    own = run / f"retrained-{steps}"
    (own / "models").mkdir(parents=True, exist_ok=True)
    train_one(config.model_copy(update={"train": config.train.changed({"steps": steps})}), own, made)
    for kind in ("json", "safetensors"):
        shutil.copy(own / "models" / f"{made.name}.{kind}", run / "models" / f"{slug(name)}.{kind}")
    return name


def said_of_stages(found: dict[str, Measured]) -> str:
    """Is the distance to the oracles what the model still knows of the forget data, or how far it was trained?"""
    cut = {n: m for n, m in found.items() if n.startswith("retrained")}
    rest = {n: m for n, m in found.items() if n not in cut and n != "original" and not n.startswith("oracle-")}
    nearest, best = min(cut.items(), key=lambda x: x[1].jsd), min(rest.items(), key=lambda x: x[1].jsd)
    nearer = sum(m.lower <= nearest[1].upper for m in rest.values())
    return (
        f"Models that never saw the forget data and were trained for fewer steps lie {', '.join(f'{m.jsd:.2f} ({n})' for n, m in cut.items())} from the oracles: "
        f"what is left between an unlearned model and the oracles is not only what it remembers, but how far both were trained on what stays. "
        f"Of {len(rest)} unlearned models {nearer} are not certified to be further than the nearest of them ({nearest[0]}); the nearest is at {best[1].jsd:.2f} ({best[0]})."
    )


def tofu(audit: Path, run: Path) -> list[str]:
    """The rows of a finished audit, and the same request matched with the model before fine-tuning."""
    path = audit / "results.json"
    if not path.is_file():
        return ["Not made in this run: no finished `mari audit --preset smollm2` was given."]
    results = json.loads(path.read_text(encoding="utf-8"))
    config = load_config("smollm2", audit / "config.yaml").model_copy(update={"methods": TOFU})
    trained = results["corpus"]["name"]
    require(
        config.make_corpus().name == trained, "corpus", f"{trained}, as in the audit (set MARI_TOFU)", "another corpus"
    )
    (run / "models").mkdir(parents=True, exist_ok=True)
    for name in ("original", *oracle_names(config)):
        for kind in ("json", "safetensors"):
            shutil.copy(audit / "models" / f"{slug(name)}.{kind}", run / "models")
    ends = (*(retrain(config, run, steps) for steps in RETRAINED), "oracle-0")
    found = study(config, run, config.scoring.draws, config.scoring.max_new, ends)
    lines = [
        f"Corpus {trained}, {config.unlearn.steps} unlearning steps. A reference must not know the answers:",
        "",
        *said_of(reference_losses(open_bank(config, run), config)),
        "",
        "From `mari audit --preset smollm2`:",
        "",
        "| model | certified JSD to oracle | best attack AUC | forget p | retain p |",
        "|" + " --- |" * 5,
    ]
    for r in results["rows"]:
        claim = r["certificates"]["oracle"]["claim"]
        lines.append(
            f"| {r['name']} | {claim['lower']:.4f} to {claim['upper']:.4f} | {r['best_attack']:.3f} | {r['forget_probability']:.3f} | {r['retain_probability']:.3f} |"
        )
    return [
        *lines,
        "",
        "Other references, more steps, and retrainings cut short:",
        "",
        *table(found),
        "",
        said_of_stages(found),
    ]


def main(argv: list[str] | None = None) -> int:
    """Write docs/results/matched.md."""
    parser = argparse.ArgumentParser(prog="mari bench matched", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/results/matched.md"))
    parser.add_argument("--run", type=Path, default=Path("runs/matched"), help="where models are kept; resumes there")
    parser.add_argument(
        "--smollm2", type=Path, default=Path("runs/smollm2"), help="a finished `mari audit --preset smollm2`"
    )
    parser.add_argument(
        "--no-smollm2", action="store_true", help="leave out the real model, which takes most of the time"
    )
    parser.add_argument("--quick", action="store_true", help="few steps of the toy only, to see that it runs")
    args = parser.parse_args(argv)
    require(not args.out.is_dir(), "--out", "a file", args.out)
    config = toy(args.quick)
    draws = 300 if args.quick else 4000
    found = study(config, args.run / "toy", draws, 8)
    seconds = sum(m.seconds for m in found.values())
    lines = [
        "# What matched-reference MarI takes",
        "",
        "The penalty compares what a model says about a forget subject with what it says about one it never saw (T27). Certified: 95 % for one comparison, from sampled whole answers. Attacks are max(AUC, 1 - AUC) of the loss, forget against never-seen.",
        "",
        "## Toy, sentence answers",
        "",
        f"{config.corpus.forget} forget, {config.corpus.retain} retain, {config.corpus.holdout} never-seen authors; answers such as `people say lisbon .`; {draws:,} answers an arm.",
        "",
        *table(found),
        "",
        verdict(found),
        "",
    ]
    lines += [
        "A reference must not know the answers:",
        "",
        *said_of(reference_losses(open_bank(config, args.run / "toy"), config)),
        "",
    ]
    if not (args.quick or args.no_smollm2):
        authors = real()
        made = study(authors, args.run / "smollm2", ANSWERS, 14)
        seconds += sum(m.seconds for m in made.values())
        lines += [
            "## SmolLM2-135M, generated authors with sentence answers",
            "",
            f"{authors.corpus.forget} forget, {authors.corpus.retain} retain, {authors.corpus.holdout} never-seen authors, half of every batch fresh authors seen once; {authors.train.steps} training and {authors.unlearn.steps} unlearning steps; {ANSWERS} answers an arm.",
            "",
            *table(made),
            "",
            verdict(made),
            "",
        ]
    lines += ["## SmolLM2-135M on TOFU", "", *tofu(args.smollm2, args.run / "tofu"), ""]
    options = "".join(f" --{o}" for o, on in (("no-smollm2", args.no_smollm2), ("quick", args.quick)) if on)
    write_page(
        args.out,
        lines,
        f"mari bench matched{options}",
        f": {seconds / 60:.0f} min of training, one model's after the other's.",
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
