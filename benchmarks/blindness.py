"""What the paper's signal sees: readings of marginal information at models that remember and at models that never knew.

`mari bench blindness`. Corpora: answers drawn from one prior (the calibrated toy), the same in sentences (several answer tokens), and a forget set
with a prior of its own (the positive control: there pooled information has something to see). On each, five seeds of an original and a retrained
oracle; every signal is read over the complete sets, so what it says is no batch effect. Then the penalty itself at three batch sizes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as student

from benchmarks.pages import write_page
from experiments.config import CorpusConfig, MethodConfig, RunConfig, load_config, slug
from experiments.data.encoding import answer_log_probs, batch_size, encode, many_prompt_ids
from experiments.data.items import Corpus, Item
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_scores
from experiments.methods.signals import BINS, confidence, soft_histogram
from experiments.models.passes import slices
from experiments.unlearning.roles import Oracle, Original, Role, entries_of
from experiments.unlearning.train import open_bank, train_many
from mari_theory import jensen_shannon, marginal_information
from mari_theory.certificates.files import write_text
from mari_theory.errors import require
from mari_theory.figure_style import pyplot

Floats = NDArray[np.float64]
CORPORA: dict[str, dict[str, Any]] = {
    "one prior, one-token answers": {},
    "one prior, sentence answers": {"sentences": True},
    "forget set with its own prior": {"forget_skew": 0.7},
}
AUTHORS: dict[str, dict[str, Any]] = {
    "one prior": {},
    "its own prior": {"forget_skew": 3.0},
    "its own prior, bare answers": {"forget_skew": 3.0, "sentences": False},
}
"""SmolLM2's generated corpora: fewer authors than the toy's, so a sharper prior of the forget set."""
REAL_NAMES = [Original().name, Oracle(0).name]
BATCHES = {"16 + 8": (16, 8), "96 + 48": (96, 48), "192 + 192": (192, 192)}
PENALTY, BANK = 10.0, 15
BANKED = "penalty with a memory bank"
PENALISED = ("penalty", "debiased penalty", BANKED)


@dataclass(frozen=True)
class Reading:
    """A signal read on two sets and its floor: the same signal on two halves (by owner) of the reference."""

    value: float
    floor: float


@dataclass(frozen=True)
class SetLaws:
    """Position sums of next-token laws and their counts, and two confidence scores an item."""

    sums: Floats
    counts: Floats
    scores: dict[str, Floats]

    @property
    def pooled(self) -> Floats:
        """One law over all answer tokens."""
        return np.asarray(self.sums.sum(0) / self.counts.sum())


def set_laws(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int) -> SetLaws:
    """One full pass, float64 sums."""
    data = encode(tokenizer, items, max_answer)
    sums: Any = 0.0
    counts, scores = data.answer_mask.sum(0).double().cpu().numpy(), {"likelihood": [], "entropy": []}  # type: ignore[var-annotated]
    with torch.no_grad():
        for part in slices(data, batch_size(tokenizer) // 2, model):
            table = answer_log_probs(model, part)
            laws = table.double().exp()  # rows sum to 1 within float32 rounding: normalised once more
            sums = sums + (laws / laws.sum(-1, keepdim=True) * part.answer_mask[..., None]).sum(0).cpu().numpy()
            for name, values in scores.items():
                values.append(confidence(table, part, name).double().cpu().numpy())
    return SetLaws(np.asarray(sums), counts, {k: np.concatenate(v) for k, v in scores.items()})


def pooled_reading(a: SetLaws, b: SetLaws, share: float) -> float:
    """Pooled marginal information of b against a."""
    return float(marginal_information(a.pooled, b.pooled, share))


def tokenwise_reading(a: SetLaws, b: SetLaws, share: float) -> float:
    """The same at each answer position, averaged over positions both reach."""
    both = min(len(a.counts), len(b.counts))
    used = (a.counts[:both] > 0) & (b.counts[:both] > 0)
    p, q = (x.sums[:both][used] / x.counts[:both][used][:, None] for x in (a, b))
    return float(np.mean(marginal_information(p, q, share)))


def score_reading(name: str, a: SetLaws, b: SetLaws) -> float:
    """JSD of the histograms (16 bins) of a confidence score."""
    p, q = (soft_histogram(torch.from_numpy(x.scores[name]), BINS).numpy() for x in (a, b))
    return float(jensen_shannon(p, q))


SIGNALS: dict[str, tuple[str, Callable[[SetLaws, SetLaws, float], float]]] = {
    "pooled, diluted, against retain": ("retain", lambda a, b, rho: pooled_reading(a, b, rho)),
    "token-wise, diluted, against retain": ("retain", lambda a, b, rho: tokenwise_reading(a, b, rho)),
    "pooled, direct, against retain": ("retain", lambda a, b, rho: pooled_reading(a, b, 1.0)),
    "token-wise, direct, against retain": ("retain", lambda a, b, rho: tokenwise_reading(a, b, 1.0)),
    "p(truth), against retain": ("retain", lambda a, b, rho: score_reading("likelihood", a, b)),
    "entropy, against retain": ("retain", lambda a, b, rho: score_reading("entropy", a, b)),
    "p(truth), against never-seen": ("holdout", lambda a, b, rho: score_reading("likelihood", a, b)),
    "entropy, against never-seen": ("holdout", lambda a, b, rho: score_reading("entropy", a, b)),
}


def read_signals(model: Any, tokenizer: Any, corpus: Corpus, max_answer: int) -> dict[str, Reading]:
    """Every signal at one model."""
    forget = set_laws(model, tokenizer, corpus.forget, max_answer)
    whole, halves = {}, {}
    for name in ("retain", "holdout"):
        items = corpus.splits()[name]
        owners = list(dict.fromkeys(i.owner for i in items))
        first = set(owners[: len(owners) // 2])
        halves[name] = [
            set_laws(model, tokenizer, [i for i in items if (i.owner in first) is side], max_answer)
            for side in (True, False)
        ]
        whole[name] = set_laws(model, tokenizer, items, max_answer)
    rho = len(corpus.forget) / (len(corpus.forget) + len(corpus.retain))
    return {
        label: Reading(measure(whole[ref], forget, rho), measure(halves[ref][0], halves[ref][1], rho))
        for label, (ref, measure) in SIGNALS.items()
    }


def cached(path: Path, make: Callable[[], dict[str, dict[str, Reading]]]) -> dict[str, dict[str, Reading]]:
    """Model -> signal -> reading, measured once and kept beside the models."""
    if not path.is_file():
        made = make()
        write_text(path, json.dumps({m: {k: asdict(r) for k, r in row.items()} for m, row in made.items()}))
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {m: {k: Reading(**r) for k, r in row.items()} for m, row in stored.items()}


def interval(values: Sequence[float], confidence_level: float = 0.95) -> tuple[float, float, float]:
    """Mean and Student interval over seeds.

    >>> interval([1.0, 1.0])
    (1.0, 1.0, 1.0)
    """
    x = np.asarray(values, dtype=float)
    half = float(student.ppf(0.5 + confidence_level / 2, x.size - 1)) * x.std(ddof=1) / np.sqrt(x.size)
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)


def config_of(corpus: dict[str, Any], seed: int, steps: int, methods: list[MethodConfig]) -> RunConfig:
    """The calibrated toy with another corpus."""
    base = load_config("tiny", seed=seed)
    loop = base.train.changed({"steps": steps})
    return base.model_copy(
        update={
            "corpus": CorpusConfig(**{**base.corpus.model_dump(), **corpus}),
            "train": loop,
            "oracles": 2,
            "methods": methods,
        }
    )


def open_run(config: RunConfig, run: Path, roles: Sequence[Role]) -> Any:
    """Train what is missing; the run's models."""
    for part in ("models", "checkpoints"):
        (run / part).mkdir(parents=True, exist_ok=True)
    write_text(run / "config.yaml", config.dump())
    train_many(config, run, roles)
    return open_bank(config, run)


def readings_of(bank: Any, config: RunConfig, names: list[str]) -> dict[str, dict[str, Reading]]:
    """Every signal at every named model."""
    corpus = config.make_corpus()
    return {n: read_signals(bank.use(n), bank.tokenizer, corpus, config.unlearn.max_answer) for n in names}


def fixed_points(folder: Path, seeds: int, steps: int) -> dict[str, list[dict[str, dict[str, Reading]]]]:
    """Corpus -> seed -> model -> signal -> reading."""
    out: dict[str, list[dict[str, dict[str, Reading]]]] = {}
    for label, corpus in CORPORA.items():
        out[label] = []
        for seed in range(seeds):
            config = config_of(corpus, 100 + seed, steps, [])
            run = folder / f"{slug(label)}-{seed}"
            bank = open_run(config, run, [Original(), Oracle(0)])
            out[label].append(cached(run / "readings.json", lambda b=bank, c=config: readings_of(b, c, REAL_NAMES)))  # type: ignore[misc]
    return out


def say(values: Sequence[float]) -> str:
    """`mean [low, high]`."""
    mean, low, high = interval(values)
    return f"{mean:.4f} [{low:.4f}, {high:.4f}]"


def sign(values: Sequence[float]) -> str:
    """yes / inverted / no, by where the interval over seeds lies."""
    _, low, high = interval(values)
    return "yes" if low > 0 else "inverted" if high < 0 else "no"


def sees(rows: list[dict[str, dict[str, Reading]]], label: str) -> str:
    """Does the signal see memorisation? It must exceed its floor at the original, and exceed the oracle's excess."""
    a, b = ([r[name][label] for r in rows] for name in ("original", "oracle-0"))
    excess = sign([x.value - x.floor for x in a])
    gap = sign([(x.value - x.floor) - (y.value - y.floor) for x, y in zip(a, b, strict=True)])
    return "no, at its floor" if gap == "yes" and excess != "yes" else gap


def fixed_table(rows: list[dict[str, dict[str, Reading]]]) -> list[str]:
    """Readings at original and oracle with their floors, and what follows."""
    lines = [
        "| signal | original | its floor | oracle | its floor | sees memorisation |",
        "|" + " --- |" * 6,
    ]
    for label in SIGNALS:
        a, b = ([r[name][label] for r in rows] for name in ("original", "oracle-0"))
        cells = [
            say([x.value for x in a]),
            say([x.floor for x in a]),
            say([y.value for y in b]),
            say([y.floor for y in b]),
        ]
        lines.append(f"| {label} | {' | '.join(cells)} | {sees(rows, label)} |")
    return lines


def batch_methods() -> list[MethodConfig]:
    """Control, the penalty and the debiased penalty at every batch size, equal steps."""
    rows = []
    for label, (retain, forget) in BATCHES.items():
        loop = {"batch_retain": retain, "batch_forget": forget, "batch_background": retain}
        for name, kind, settings in (
            ("retain-only", "retain-only", {}),
            ("penalty", "mari-pooled", {"penalty": PENALTY}),
            ("debiased penalty", "mari-pooled", {"penalty": PENALTY, "debiased": True}),
            (BANKED, "mari-pooled", {"penalty": PENALTY, "bank": BANK}),
        ):
            rows.append(MethodConfig(label=f"{name} {label}", name=kind, settings=settings, loop=loop))
    return rows


def batch_effect(folder: Path, seeds: int, steps: int) -> list[dict[str, dict[str, float]]]:
    """Seed -> method row -> numbers, on the first corpus."""
    methods, out = batch_methods(), []
    label = next(iter(CORPORA))
    for seed in range(seeds):
        config = config_of(CORPORA[label], 100 + seed, steps, methods)
        run = folder / f"{slug(label)}-{seed}"
        bank = open_run(config, run, [Original(), Oracle(0), *entries_of(config)])
        kept = run / "batches.json"
        if not kept.is_file():
            write_text(kept, json.dumps(batch_numbers(bank, config, run)))
        out.append(json.loads(kept.read_text(encoding="utf-8")))
    return out


def last_reading(run: Path, m: MethodConfig) -> float:
    """What the objective penalised, mean over its last twenty steps."""
    history = json.loads((run / "models" / f"{slug(m.label)}.json").read_text(encoding="utf-8"))["history"]
    rows = [h for h in history if "batch_floor" in h][-2:]
    floor = float(bool(m.settings.get("debiased")))
    return float(np.mean([h["batch_marginal_information"] - floor * h["batch_floor"] for h in rows])) if rows else 0.0


def batch_numbers(bank: Any, config: RunConfig, run: Path) -> dict[str, dict[str, float]]:
    """Method row -> what the batch table shows of it."""
    corpus = config.make_corpus()
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    rho = len(corpus.forget) / (len(corpus.forget) + len(corpus.retain))
    rows = {}
    for m in config.methods:
        low, high = enumerate_divergence(bank, ["oracle-0"], [slug(m.label)], prompts, 1e-4)
        model = bank.use(slug(m.label))
        laws = [set_laws(model, bank.tokenizer, x, config.unlearn.max_answer) for x in (corpus.retain, corpus.forget)]
        scores = [item_scores(model, bank.tokenizer, x) for x in (corpus.forget, corpus.retain)]
        rows[m.label] = {
            "jsd": 0.5 * (low + high),
            "forget": float(scores[0].probability.mean()),
            "exact": float(scores[0].exact.mean()),
            "retain": float(scores[1].probability.mean()),
            "information": pooled_reading(laws[0], laws[1], rho),
            "reads": last_reading(run, m),
            "in_full": pooled_reading(laws[0], laws[1], share_of(m)),
        }
    return rows


def share_of(m: MethodConfig) -> float:
    """The forget share of the row's batches, at which its penalty is read."""
    return float(m.loop["batch_forget"] / (m.loop["batch_forget"] + m.loop["batch_retain"]))


def batch_table(rows: list[dict[str, dict[str, float]]]) -> list[str]:
    """Numbers a method row, then what the penalty adds to its control."""
    lines = [
        "| batch (retain + forget) | objective | reads in batches, last 20 steps | the same in full | pooled information | forget p | forget exact | retain p | JSD to the oracle | JSD less its control's |",
        "|" + " --- |" * 10,
    ]
    for label in BATCHES:
        for name in ("retain-only", *PENALISED):
            r = [x[f"{name} {label}"] for x in rows]
            control = [x[f"retain-only {label}"] for x in rows]
            gap = [a["jsd"] - c["jsd"] for a, c in zip(r, control, strict=True)]
            cells = [say([x[k] for x in r]) for k in ("information", "forget", "exact", "retain", "jsd")]
            control_row = name == "retain-only"
            read = ["-", "-"] if control_row else [say([x[k] for x in r]) for k in ("reads", "in_full")]
            lines.append(f"| {label} | {name} | {' | '.join([*read, *cells])} | {'-' if control_row else say(gap)} |")
    return lines


def tracking(rows: list[dict[str, dict[str, float]]]) -> str:
    """Which estimate is nearest to the full pass, at each batch size."""
    said = []
    for label in BATCHES:
        off = {
            n: float(np.mean([abs(x[f"{n} {label}"]["reads"] - x[f"{n} {label}"]["in_full"]) for x in rows]))
            for n in PENALISED
        }
        listed = ", ".join(f"{n} {v:.4f}" for n, v in sorted(off.items(), key=lambda kv: kv[1]))
        said.append(f"at {label}: {listed}")
    text = f"How far what is penalised lies from the full pass at the end (mean absolute gap): {'; '.join(said)}."
    low = [b for b in BATCHES if np.mean([x[f"debiased penalty {b}"]["reads"] for x in rows]) < 0]
    if low:
        text += f" The debiased reading is unbiased only as long as nothing optimises it: as a penalty it ends below zero at {', '.join(low)}, since raising the floor lowers it as well."
    return text


def real_model(run: Path, folder: Path) -> list[str]:
    """The same signals at the original and the oracles of a finished audit of a real model: one corpus, no interval over seeds."""
    config = load_config("smollm2", run / "config.yaml")
    bank, corpus = open_bank(config, run), config.make_corpus()
    trained = json.loads((run / "results.json").read_text(encoding="utf-8"))["corpus"]["name"]
    require(
        corpus.name == trained,
        "corpus",
        f"{trained}, which the run's models were trained on (set MARI_TOFU)",
        corpus.name,
    )
    names = ["original", *(f"oracle-{k}" for k in range(config.oracles))]
    made = cached(folder / "real-model.json", lambda: readings_of(bank, config, names))
    lines = [
        f"Corpus {corpus.name}: {len(corpus.forget)} forget, {len(corpus.retain)} retain and {len(corpus.holdout)} never-trained questions; one original, {config.oracles} oracles, so no interval over seeds.",
        "",
        "| signal | original (floor) | oracles (floors) |",
        "| --- | --- | --- |",
    ]
    for label in SIGNALS:
        cells = [said_with_floor(made[n][label]) for n in names]
        lines.append(f"| {label} | {cells[0]} | {', '.join(cells[1:])} |")
    return lines


def real_authors(folder: Path) -> list[str]:
    """The same on SmolLM2 with generated authors: once one prior, once a forget set with its own (the positive control)."""
    made = {}
    for label, corpus in AUTHORS.items():
        base = load_config("smollm2", seed=0)
        config = base.model_copy(
            update={
                "corpus": CorpusConfig(**{"forget": 8, "retain": 16, "holdout": 8, "sentences": True, **corpus}),
                "train": base.train.changed({"steps": 60, "batch_retain": 16, "batch_background": 8, "max_answer": 14}),
                "unlearn": base.unlearn.changed({"max_answer": 14}),
                "oracles": 2,
                "methods": [],
            }
        )
        run = folder / f"smollm2-{slug(label)}"
        bank = open_run(config, run, [Original(), Oracle(0)])
        made[label] = cached(run / "readings.json", lambda b=bank, c=config: readings_of(b, c, REAL_NAMES))  # type: ignore[misc]
    return [
        "8 forget, 16 retain and 8 never-seen authors, sentence answers but in the last corpus, 60 steps with 8 fresh authors in each; one original, one oracle a corpus.",
        "",
        f"| signal | {' | '.join(f'{label}: original (floor) | oracle (floor)' for label in AUTHORS)} |",
        "|" + " --- |" * (1 + 2 * len(AUTHORS)),
        *(
            f"| {signal} | {' | '.join(said_with_floor(made[label][n][signal]) for label in AUTHORS for n in REAL_NAMES)} |"
            for signal in SIGNALS
        ),
        "",
        control_verdict(made),
    ]


def said_with_floor(reading: Reading) -> str:
    """The reading, its floor in brackets."""
    return f"{reading.value:.4f} ({reading.floor:.4f})"


def control_verdict(made: dict[str, dict[str, dict[str, Reading]]]) -> str:
    """Which signals are over their floor at the original, and how far over the oracle's reading: a reading each, no interval."""
    parts, alike = [], False
    for label, models in made.items():
        seen = []
        for signal in SIGNALS:
            original, oracle = (models[n][signal] for n in REAL_NAMES)
            if original.value > original.floor:
                seen.append(f"{signal} ({original.value - oracle.value:+.4f})")
                alike |= abs(original.value - oracle.value) < 0.1 * original.value
        parts.append(
            f"Over the floor at the original, with {label} (and over the oracle's reading by): {'; '.join(seen) or 'none'}."
        )
    if alike:
        parts.append(
            "Where the two models read alike a signal sees the forget answers themselves, whose first words are given to both before the rest is asked, and no memory of them."
        )
    return " ".join(parts)


def figure(points: dict[str, list[dict[str, dict[str, Reading]]]], path: Path) -> None:
    """Excess over the floor at original and oracle, an interval over seeds, a panel a corpus."""
    plt = pyplot()

    plot, axes = plt.subplots(1, len(points), figsize=(13, 4.2), sharey=True)
    place = np.arange(len(SIGNALS))[::-1]
    for panel, (label, rows) in zip(axes, points.items(), strict=True):
        for name, colour, shift in (("original", "tab:red", 0.12), ("oracle-0", "tab:blue", -0.12)):
            made = [interval([r[name][s].value - r[name][s].floor for r in rows]) for s in SIGNALS]
            mean = np.array([m[0] for m in made])
            reach = np.array([[m[0] - m[1], m[2] - m[0]] for m in made]).T
            who = "original: remembers every answer" if name == "original" else "oracle: never knew them"
            panel.errorbar(mean, place + shift, xerr=reach, fmt="o", color=colour, capsize=3, label=who)
        panel.axvline(0, color="grey", lw=1)
        panel.set(title=label, xlabel="reading less its floor (nats)", xscale="symlog")
        panel.set_xscale("symlog", linthresh=0.005)
        panel.set_xlim(-0.1, 1.0)
        panel.set_xticks([-0.05, 0, 0.05, 0.5], ["-0.05", "0", "0.05", "0.5"])
    axes[0].set_yticks(place, list(SIGNALS))
    handles, labels = axes[0].get_legend_handles_labels()
    plot.legend(handles, labels, loc="outside upper center", ncols=2)
    plot.savefig(path)
    plt.close(plot)


def main(argv: list[str] | None = None) -> int:
    """Write docs/blindness.md and its figure."""
    parser = argparse.ArgumentParser(prog="mari bench blindness", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/blindness.md"))
    parser.add_argument("--run", type=Path, default=Path("runs/blindness"), help="where models are kept; resumes there")
    parser.add_argument(
        "--smollm2", type=Path, default=Path("runs/smollm2"), help="a finished `mari audit --preset smollm2`"
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="few steps and no real model, to see that it runs")
    args = parser.parse_args(argv)
    require(args.seeds >= 2, "--seeds", "a number at least 2", args.seeds)
    steps = 40 if args.quick else 700
    torch.set_num_threads(2)
    points = fixed_points(args.run, args.seeds, steps)
    print("the penalty at three batch sizes", file=sys.stderr)
    batches = batch_effect(args.run, args.seeds, steps)
    image = args.out.with_name("figures") / "blindness.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    figure(points, image)
    real = real_model(args.smollm2, args.run) if (args.smollm2 / "results.json").is_file() and not args.quick else []
    authors = [] if args.quick else real_authors(args.run)
    lines = document(points, batches, real, authors, args.seeds, steps)
    write_page(
        args.out,
        lines,
        f"mari bench blindness{' --quick' if args.quick else ''}",
        f": {minutes_of(args.run):.0f} min of training, the toy's two runs at a time, then the readings.",
    )
    return 0


def minutes_of(run: Path) -> float:
    """How long training took: the toy's models two at a time, SmolLM2's one after another."""
    seconds = 0.0
    for record in run.glob("*/models/*.json"):
        at_once = 1 if record.parent.parent.name.startswith("smollm2") else 2
        seconds += json.loads(record.read_text(encoding="utf-8"))["seconds"] / at_once
    return seconds / 60


def document(
    points: dict[str, list[dict[str, dict[str, Reading]]]],
    batches: list[dict[str, dict[str, float]]],
    real: list[str],
    authors: list[str],
    seeds: int,
    steps: int,
) -> list[str]:
    """The page; every sentence about the numbers is derived from them."""
    lines = [
        "# What marginal information sees",
        "",
        f"Signals read over complete sets at an *original* (it answers every forget question by heart) and at an *oracle* (retrained without them), {seeds} seeds of corpus and models each, 32 forget, 64 retain, 128 never-seen authors, {steps} training steps; mean [95 % Student interval over seeds], nats. The *floor* is the same signal between two halves of the reference set. A signal sees memorisation when, by its intervals over seeds, it exceeds its floor at the original and exceeds there what it exceeds it by at the oracle. (At an oracle answers are spread, so a forget set's average wobbles less than a memorised half's: readings fall under the floor.)",
        "",
        "![readings less their floors](figures/blindness.png)",
    ]
    for label, rows in points.items():
        lines += ["", f"## {label[0].upper()}{label[1:]}", "", *fixed_table(rows), "", verdict(rows)]
    if real:
        lines += ["", "## SmolLM2-135M on TOFU", "", *real]
    if authors:
        lines += ["", "## SmolLM2-135M, generated authors", "", *authors]
    lines += [
        "",
        "## Does the minibatch penalty forget through its finite-sample bias?",
        "",
        f"From the original of the first corpus, 150 steps, pooled penalty of weight {PENALTY:g}. A batch's pooled law is a few answers, and its divergence has a floor of the order of 1/batch that flat predictions lower: that floor is what the debiased penalty takes away (retain against retain in the same batch) and what a memory bank of {BANK} past batches makes {BANK + 1} times smaller. If the bias does the work, forgetting beyond the control shrinks as batches grow and vanishes when it is subtracted.",
        "",
        *batch_table(batches),
        "",
        tracking(batches),
        "",
        bias_verdict(batches),
        "",
    ]
    return lines


def verdict(rows: list[dict[str, dict[str, Reading]]]) -> str:
    """One sentence from the signs."""
    found: dict[str, list[str]] = {}
    for label in SIGNALS:
        found.setdefault(sees(rows, label), []).append(label)
    said = {
        "yes": "See memorisation",
        "no": "Do not tell",
        "no, at its floor": "At their floor",
        "inverted": "Inverted, higher at the oracle",
    }
    return " ".join(f"{text}: {'; '.join(found[k])}." for k, text in said.items() if k in found)


def bias_verdict(rows: list[dict[str, dict[str, float]]]) -> str:
    """Whether the debiased penalty loses the effect, and whether it shrinks with the batch."""
    gaps = {
        (name, label): interval([x[f"retain-only {label}"]["jsd"] - x[f"{name} {label}"]["jsd"] for x in rows])
        for label in BATCHES
        for name in PENALISED
    }
    parts = []
    for name in PENALISED:
        said = ", ".join(
            f"{gaps[name, b][0]:+.4f} [{gaps[name, b][1]:+.4f}, {gaps[name, b][2]:+.4f}] at {b}" for b in BATCHES
        )
        parts.append(f"The {name} brings the model nearer to the oracle than its control by {said}.")
    left = {
        name: ", ".join(
            f"{100 * gaps[name, b][0] / gaps['penalty', b][0]:.0f} % at {b}"
            for b in BATCHES
            if gaps["penalty", b][1] > 0
        )
        or "nothing to compare"
        for name in PENALISED[1:]
    }
    means = [gaps["penalty", b][0] for b in BATCHES]
    shrinks = (
        "shrinks as batches grow"
        if means == sorted(means, reverse=True)
        else "does not shrink steadily as batches grow"
    )
    parts.append(
        f"The penalty's effect {shrinks}; where it helps, subtracting the floor leaves {left['debiased penalty']} of it, the memory bank {left[BANKED]}."
    )
    return " ".join(parts)


if __name__ == "__main__":
    raise SystemExit(main())
