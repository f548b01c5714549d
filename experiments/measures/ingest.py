"""From evaluation logs to what can be certified of them: TOFU's numbers, the exact `choice` channel, items still remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.interop.evaluation_logs import read_log
from experiments.interop.open_unlearning import metric, write_open_unlearning
from experiments.measures.item_divergences import item_divergences
from experiments.measures.logged_choice import Choices, certify_choices, line_up
from experiments.measures.model_log import FORGET, ModelLog
from experiments.measures.remembered import Remembered, remembered, way_back
from experiments.measures.tofu_metrics import forget_quality, has_utility, model_utility, truth_ratio_score
from mari_theory.certificates.beyond import Beyond, beyond
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.files import write_text
from mari_theory.errors import require
from mari_theory.rounding import span, up

REPORTED = {
    "forget_quality": "forget_quality",
    "model_utility": "model_utility",
    "truth_ratio, forget": "forget_truth_ratio",
    "truth_ratio, retain": "retain_Truth_Ratio",
    "truth_ratio, real authors": "ra_Truth_Ratio",
    "truth_ratio, world facts": "wf_Truth_Ratio",
}
"""What is computed again, and what an OpenUnlearning log calls it."""


@dataclass(frozen=True)
class Ingested:
    """What the logs say."""

    logs: tuple[ModelLog, ...]
    """Of the unlearned model, the oracles, and last the original where there is one."""
    numbers: Mapping[str, float]
    """TOFU's, of the unlearned model beside the first oracle; empty where the logs do not hold what they take."""
    choices: Choices | None = None
    """The forget items in all logs; None where they hold no losses of answers."""
    certificates: Mapping[str, Certificate] | None = None
    """`unlearned`, and where there are logs for them `floor` (the last oracle) and `original`, each against the same oracles."""
    beyond: Beyond | None = None
    """How much farther than a retraining; None with one oracle."""
    remembered: Remembered | None = None
    """None without the original."""
    nearer: tuple[int, ...] = ()
    """Numbers of the tested items that are nearer the original."""
    listed: tuple[int, ...] | None = None
    """Numbers of the remembered items, where there is a list."""
    by_item: Mapping[int, tuple[float, float]] | None = None
    """Number of an item -> both ends of the unlearned model's divergence to the oracles on it, nats."""

    @property
    def verdict(self) -> str | None:
        """That of the unlearned model's certificate."""
        return self.certificates["unlearned"].verdict if self.certificates else None

    def data(self) -> dict[str, Any]:
        """For JSON."""
        first = self.logs[0]
        return {
            "verdict": self.verdict,
            "logs": [{"name": x.name, "sha256": x.sha256, "reported": dict(x.reported)} for x in self.logs],
            "numbers": {k: {"computed": x, "logged": first.reported.get(REPORTED[k])} for k, x in self.numbers.items()},
            "choices": None if self.choices is None else self.choices.data(),
            "certificates": {name: c.data() for name, c in (self.certificates or {}).items()},
            "beyond": None if self.beyond is None else asdict(self.beyond) | {"verdict": self.beyond.verdict},
            "remembered": None
            if self.remembered is None
            else asdict(self.remembered) | {"nearer_items": self.nearer, "listed": self.listed},
            "items": None if self.by_item is None else {str(k): list(ends) for k, ends in self.by_item.items()},
        }

    def metrics(self) -> dict[str, Any]:
        """For OpenUnlearning's reports: upper ends of what is certified, nats, and both ends item by item."""
        if self.certificates is None or self.by_item is None:
            return {}
        own = self.certificates["unlearned"]
        items = {k: {"jsd_lower": low, "jsd_upper": high} for k, (low, high) in self.by_item.items()}
        out = {"mari_choice_jsd": metric(own.claim.upper, items)}
        if own.owners is not None:
            out["mari_choice_worst_owner"] = metric(own.owners.worst_upper)
        if "floor" in self.certificates and self.beyond is not None:
            out["mari_choice_floor"] = metric(self.certificates["floor"].claim.upper)
            out["mari_choice_beyond_floor"] = metric(self.beyond.upper)
        return out

    def lines(self) -> list[str]:
        """The summary, a paragraph a line."""
        first, out = self.logs[0], []
        for name, x in self.numbers.items():
            said = first.reported.get(REPORTED[name])
            out.append(f"{name.replace('_', ' ')}: {x:.6g}" + ("" if said is None else f" (its log: {said:.6g})"))
        if self.choices is None or self.certificates is None:
            out += [f"{log.name}: {', '.join(f'{k} {x:.4g}' for k, x in log.reported.items())}" for log in self.logs]
            return [*out, "no certificate: these logs hold no losses of true and false answers"]
        own = self.certificates["unlearned"]
        out += [self.choices.sentence(), str(own), f"seen: {own.metadata['channel']}"]
        for name, c in self.certificates.items():
            if name != "unlearned":
                worst = f", worst owner {up(c.owners.worst_upper, 5)}" if c.owners else ""
                out.append(f"{name} against the same oracles: {span(c.claim.lower, c.claim.upper, 5)} nats{worst}")
        listed = f"listed items: {', '.join(map(str, self.listed))}" if self.listed else None
        return [*out, *(str(x) for x in (self.beyond, self.remembered, listed) if x is not None)]


CONTROLS = ("floor", "original")
"""Certificates beside the unlearned model's, where there are logs for them."""


def ingest(
    unlearned: Path,
    oracles: Sequence[Path],
    out: Path,
    original: Path | None = None,
    margin: float = 0.01,
    clean: Sequence[int] = (),
) -> Ingested:
    """Read the logs and write option files, certificates and `ingest.json` to a folder.

    With several oracles the last one is the floor and the others are arm P. `clean`: numbers of items that are known to be forgotten; they
    calibrate what is said of the others. Raises `ArgumentError` on logs that do not belong together.
    """
    require(len(oracles) > 0, "--oracle", "at least one log", "none")
    logs = [read_log(p) for p in (unlearned, *oracles, *((original,) if original else ()))]
    with_losses = sum(FORGET in log.tasks for log in logs)
    require(with_losses in (0, len(logs)), "logs", "of one kind", f"losses of answers in {with_losses} of {len(logs)}")
    many = (len(oracles), original is not None)
    found = _certified(logs, *many, out, margin, clean) if with_losses else Ingested(tuple(logs), {})
    write_text(Path(out) / "ingest.json", json.dumps(found.data()))
    if found.metrics():
        write_open_unlearning(Path(out), "MARI", found.metrics())
    return found


def _certified(
    logs: Sequence[ModelLog], oracles: int, has_original: bool, out: Path, margin: float, clean: Sequence[int]
) -> Ingested:
    # The first oracle says which split it is; other models may have been asked about more.
    reference, last = list(range(1, max(oracles, 2))), len(logs) - 1
    # The original itself may be asked about: it is the control.
    distinct = [(k, j) for j in range(1, len(logs)) for k in range(j) if not (has_original and (k, j) == (0, last))]
    choices = line_up(logs, [k > 1 for k in range(len(logs))], distinct)
    require(has_original or not clean, "--clean", "--original beside it", "no log of the original")
    memory, nearer, listed = _remembered(choices, oracles, clean) if has_original else (None, (), None)
    rows = {
        "unlearned": 0,
        **({"floor": oracles} if oracles > 1 else {}),
        **({"original": last} if has_original else {}),
    }
    for name in {*CONTROLS} - set(rows):  # of an earlier call with more logs
        for ending in (".json", ".parquet"):
            (Path(out) / f"{name}{ending}").unlink(missing_ok=True)
    certificates = {
        name: certify_choices(choices, (reference, [row]), logs, Path(out) / f"{name}.parquet", margin)
        for name, row in rows.items()
    }
    farther = beyond(certificates["unlearned"], certificates["floor"]) if oracles > 1 else None
    ends = item_divergences(Path(out) / "unlearned.parquet")
    by_item = {k: ends[f"forget-{k}"] for k in choices.items.tolist()}
    numbers = _numbers(logs[0], logs[1])
    return Ingested(tuple(logs), numbers, choices, certificates, farther, memory, nearer, listed, by_item)


def _remembered(
    choices: Choices, oracles: int, clean: Sequence[int]
) -> tuple[Remembered, tuple[int, ...], tuple[int, ...] | None]:
    """The findings, and the numbers of the items that are nearer the original and that are listed."""
    known = np.isin(choices.items, clean)
    unknown = sorted(set(clean) - set(choices.items.tolist()))
    require(not unknown, "--clean", "numbers of items in the split", unknown[:3])
    require(not known.all(), "--clean", "not all items", "all of them")
    laws = [choices.log_laws(k) for k in range(len(choices.names))]
    own, *others = (way_back(laws[k], laws[1], laws[-1]) for k in (0, *range(2, oracles + 1)))
    asked = np.flatnonzero(~known)
    tested, numbers = own.only(asked), choices.items[asked]
    found = remembered(tested, own.only(np.flatnonzero(known)), [o.only(asked) for o in others])
    listed = None if found.listed is None else tuple(numbers[list(found.listed)].tolist())
    return found, tuple(numbers[tested.nearer].tolist()), listed


def _numbers(log: ModelLog, oracle: ModelLog) -> dict[str, float]:
    if log.task(FORGET).whole_options:  # TOFU's are of means a token
        return {}
    utility = {"model_utility": model_utility(log)} if has_utility(log) else {}
    ratios = {f"truth_ratio, {name}": truth_ratio_score(task, name == FORGET) for name, task in log.tasks.items()}
    return {"forget_quality": forget_quality(log, oracle), **utility, **ratios}
