"""The result of an audit: what `results.json` holds. Command line, report, figures and studies read this and nothing else."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from experiments.config import OF_THE_RUN, RunConfig
from experiments.measures.detectors import Attack
from experiments.measures.result import Coverage, Gate, Knowledge, Number, PairResult, Record, Row
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require
from mari_theory.rounding import span
from mari_theory.shown import Shown, flat

FILE = "results.json"


class CorpusSize(Record):
    """The data of a run, in numbers of questions."""

    name: str
    forget: int
    retain: int
    holdout: int
    sentences: bool


class OraclePair(Record):
    """Exact divergence of two retrainings on forget prompts, an enclosure, nats."""

    oracles: tuple[str, str]
    low: float
    high: float


class PilotResult(Record):
    """Where the learning rate of training comes from."""

    base: float
    """Perplexity on running text before any fine-tuning."""
    perplexities: dict[str, float]
    """The same after training at each rate that was tried."""
    rate: float
    """The one that was taken."""


class AlongTheWay(Record):
    """Detectors held against the exact ceilings of every look of every run, at a level split over all of them (T20)."""

    comparisons: int
    refuted: tuple[str, ...]
    """Looks at which a detector is certainly better than the ceiling."""
    share_of_ceiling: dict[str, float]
    """Channel -> median, over the looks, of what the optimal detector uses of the accuracy that the divergence allows (T5)."""
    share_of_time: float
    """Of the runs' seconds that the readings took."""


class Effort(Record):
    """What a run took, and where."""

    seconds: float
    resumed: bool
    """Then the seconds count from there."""
    peak_memory_gib: float
    machine: str
    date: str
    command: str


class Run(Record, Shown):
    """Everything an audit found.

    `Run.load(folder)` reads a finished one back; `Run.model_json_schema()` is the schema of the file.
    """

    format: Literal["mari-audit/3"] = "mari-audit/3"
    version: str
    """Of the library."""
    config: RunConfig
    corpus: CorpusSize
    rows: tuple[Row, ...]
    gate: Gate
    """Do forget-side numbers of this run measure memory?"""
    knowledge: Knowledge | None = None
    """Do retrained models know the data to forget? None where the run trained them from random weights."""
    pilot: PilotResult | None
    retraining_seconds: Number
    """Of one oracle, on average: what an unlearning run's seconds are read beside; None for oracles made elsewhere."""
    oracle_pairs: tuple[OraclePair, ...]
    """Every two oracles, where outputs are enumerated."""
    blind: Attack
    """A text-only classifier that never sees a model: what the data alone gives away."""
    oracle_losses: dict[str, tuple[float, ...]]
    """Split -> mean loss of every oracle, nats a token."""
    trajectories: dict[str, tuple[dict[str, Number], ...]]
    """Unlearned model -> what was logged along its run."""
    along: AlongTheWay | None
    """Where rungs are certified."""
    comparisons: int
    """Of a detector with a certificate."""
    detector_delta: float
    """Level of each."""
    effort: Effort

    @property
    def problems(self) -> list[str]:
        """Why the audit failed; empty when it did not."""
        along = [f"refuted on the way: {x}" for x in self.along.refuted] if self.along else []
        return [*(p for pair in self._pairs() for p in pair.problems), *along]

    @property
    def coverage(self) -> list[Coverage]:
        """Every sampled interval beside its enumerated truth."""
        return [c for pair in self._pairs() for c in pair.coverage]

    @property
    def ordered(self) -> list[Row]:
        """Rows as tables show them: unlearned models that damaged what stays come last of these, the floor last of all."""
        return sorted(self.rows, key=lambda r: (r.kind == "oracle", r.kind == "method" and r.damaged))

    @property
    def methods(self) -> list[Row]:
        """The unlearned models."""
        return [r for r in self.rows if r.kind == "method"]

    @property
    def unit(self) -> str:
        """Whose worst case is told: `owner`, or `question` where all are about one."""
        return {"owner": "owner", "prompt": "question"}[self.rows[0].oracle.unit]

    def judges(self, rung: str) -> bool:
        """Are verdicts given on this rung? Not where its gate is closed, nor where retrained models know the data to forget."""
        return self.gate.passed(rung) and not (self.knowledge and self.knowledge.flagged)

    def the(self, kind: Literal["original", "oracle"]) -> Row:
        """The originals' row, or that of the oracles measured like a method: the floor of every number to the oracles (T25, T33)."""
        return next(r for r in self.rows if r.kind == kind)

    def to_frame(self) -> Any:
        """A row a model: verdict, ends on every rung, how far beyond a retraining, measures. Raises `ModuleNotFoundError` without pandas."""
        import pandas

        rows = []
        for row in self.rows:
            certificates = {"oracle": row.oracle, **{name: x.certificate for name, x in row.rungs.items()}}
            ends = {name: {"lower": c.claim.lower, "upper": c.claim.upper} for name, c in certificates.items()}
            beyond = {
                name: {"lower": x.lower, "upper": x.upper, "verdict": x.verdict} for name, x in row.excess.items()
            }
            first = {"model": row.name, "kind": row.kind, "verdict": row.oracle.verdict, "seconds": row.seconds}
            rows.append(flat({**first, "jsd": ends, "beyond": beyond, "measures": row.measures}))
        return pandas.DataFrame(rows).set_index("model")

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(r.name)}</td><td>{escape(r.verdict)}</td><td>{span(r.oracle.claim.lower, r.oracle.claim.upper)}</td></tr>"
            for r in self.rows
        )
        return (
            f"<table><tr><th>model</th><th>verdict</th><th>certified JSD to the oracles, nats</th></tr>{rows}</table>"
        )

    def save(self, folder: Path) -> None:
        """Write `results.json`, whole or not at all."""
        fields = set(OF_THE_RUN)
        data = self.model_dump(mode="json", by_alias=True, exclude={"config": {"train": fields, "unlearn": fields}})
        write_text(folder / FILE, json.dumps(data, indent=1, allow_nan=False))

    @staticmethod
    def load(folder: Path) -> Run:
        """Read `results.json` of a finished run. Raises `ArgumentError` on none, a truncated one, or another format."""
        path = Path(folder) / FILE
        require(path.is_file(), "run", "a folder with results.json (a finished audit)", folder)
        try:
            data: Any = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as e:
            raise ArgumentError("run", "a complete results.json", f"{path}: {e}") from None
        try:
            return Run.model_validate_json(json.dumps(data))
        except ValidationError as e:
            first = e.errors()[0]
            where = ".".join(str(x) for x in first["loc"])
            raise ArgumentError(
                "run", "results.json of this version (mari-audit/3)", f"{path}: {where}: {first['msg']}"
            ) from None

    def _pairs(self) -> list[PairResult]:
        return [pair for row in self.rows for pair in (*row.pairs.values(), *row.rungs.values())]
