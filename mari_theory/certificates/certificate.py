"""The claim a user signs: one typed object, its JSON (`mari-certificate/2`) and its JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mari_theory.certificates import words
from mari_theory.certificates.asking import asking
from mari_theory.certificates.files import strict_json, write_text
from mari_theory.errors import ArgumentError, printable, require
from mari_theory.marginal import forget_total_variation
from mari_theory.rounding import span, up
from mari_theory.shown import Shown

FORMAT = "mari-certificate/2"
VERDICTS = words.VERDICTS
ROOM_AT = 0.1
"""T32 is told at ln 2, at the margin, and here."""

Nats = Annotated[float, Field(ge=0.0, le=0.6931471805599454)]
Unit = Annotated[float, Field(ge=0.0, le=1.0)]
Level = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Pair = Literal["marginal", "oracle", "shift", "matched"]
Population = Literal["these-prompts", "prompts-like-these"]
Trust = Literal["likelihoods", "none"]
Verdict = Literal["refuted", "detectable", "equivalent within margin", "equivalent on average", "inconclusive"]
Method = Literal[
    "order-free",
    "betting",
    "betting-anytime",
    "hoeffding",
    "maurer-pontil",
    "exact-laws",
    "pooled-fast-rate",
    "pooled-bounded-differences",
    "finite-population",
]
Ceiling = Literal["jensen-shannon-divergence", "total-variation", "roc-band"]


class Part(BaseModel):
    """Unknown keys, missing keys, NaN, infinities and numbers of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Request(Part):
    """What the signer chose; everything else follows from the evidence."""

    method: Method
    confidence: Annotated[float, Field(gt=0.0, lt=1.0)]
    margin: Annotated[float, Field(ge=0.0)]
    population: Population
    simultaneous: bool
    trust: Trust
    pair: Pair | None
    """Only where the evidence does not say."""
    owner: str | None
    prompt: str | None
    """The claim is about this owner, or this prompt, alone."""


class Claim(Part):
    """The average divergence between the arms. `confidence` is that of the two ends together."""

    pair: Pair
    quantity: Literal["jensen-shannon-divergence"]
    unit: Literal["nats"]
    access: str
    population: Population
    method: Method
    theorem: str
    confidence: Unit
    n: Count
    prompts: Count
    owners: Count
    estimate: float
    lower: Nats
    upper: Nats


class Ends(Part):
    """A number with its interval."""

    estimate: Unit
    lower: Unit
    upper: Unit


class Roc(Part):
    """Bands around the optimal ROC curve at these false positive rates (T16)."""

    fpr: tuple[Unit, ...]
    tpr: tuple[Unit, ...]
    tpr_low: tuple[Unit, ...]
    tpr_high: tuple[Unit, ...]


class Direct(Part):
    """Certified from the same evidence, not through the divergence. None: not available for this evidence."""

    total_variation: Ends | None
    auc: Ends | None
    roc: Roc | None


class Room(Part):
    """How many of the prompts the average leaves room for (T32): divergence ln 2, at least the margin, at least 0.1."""

    prompts: Count
    at_ln2: Count
    at_margin: Count | None
    at_0_1: Count


class Units(Part):
    """Owners (or prompts) one by one. `worst_upper` bounds the largest divergence of any; `worst_lower` is a lower end for it.

    `above_margin` names units whose corrected lower end exceeds the margin (closed testing by e-values); `pairs_needed`: pairs of
    outputs a unit needs for the margin when no disagreement is seen; `fewest_rows`: rows of the unit with fewest.
    """

    count: Count
    confidence: Unit
    worst_upper: Nats
    worst_upper_at: str
    worst_lower: Nats
    above_margin: tuple[str, ...]
    within_margin: Count
    share_beyond: Unit | None
    """Upper end for the share of owners like these beyond the margin (Clopper-Pearson); None for these prompts."""
    fewest_rows: Count | None
    pairs_needed: Count | None


class Implies(Part):
    """What the evidence allows any detector with this access, each rounded to the safe side; `sources` names the tightest one."""

    max_accuracy: Unit
    max_tpr_at_fpr_0_001: Unit = Field(alias="max_tpr_at_fpr_0.001")
    max_tpr_at_fpr_0_01: Unit = Field(alias="max_tpr_at_fpr_0.01")
    max_auc: Unit
    max_influence: Unit
    """Largest |E_P g - E_Q g| of any g with values in [0, 1] (T9)."""
    outputs_for_accuracy_0_75: float | None = Field(alias="outputs_for_accuracy_0.75")
    outputs_for_accuracy_0_9: float | None = Field(alias="outputs_for_accuracy_0.9")
    delta_at_epsilon_1: Unit
    sources: dict[str, Ceiling]


class Levels(Part):
    """Probability that each number fails, and that any of them does (a union; 0 for exact numbers)."""

    divergence: Level
    total_variation: Level
    roc: Level
    owners: Level
    prompts: Level
    ceilings: Level
    together: Level


class RestsOn(Part):
    """What each end needs."""

    lower: str
    upper: str


class EvidenceFile(Part):
    """One file, bound by its bytes and by a digest of its rows that does not depend on their order."""

    file: str
    kind: Literal["score", "option", "pool"]
    sha256: Digest
    rows_digest: Digest
    bytes: Count


class Certificate(Part, Shown):
    """A certified claim about one pair of arms; every field but `request`, `evidence` and `versions` is re-derived by `check`."""

    format: Literal["mari-certificate/2"] = "mari-certificate/2"
    request: Request
    claim: Claim
    rests_on: RestsOn
    direct: Direct
    room: Room | None
    owners: Units | None
    prompts: Units | None
    implies: Implies
    levels: Levels
    verdict: Verdict | None
    no_verdict: str | None
    refuted_by: str | None
    assumptions: tuple[str, ...]
    errors: dict[str, float]
    metadata: dict[str, Any]
    evidence: tuple[EvidenceFile, ...]
    versions: dict[str, str]

    @property
    def margin(self) -> float:
        """Nats within which arms count as equivalent."""
        return self.request.margin

    @property
    def unit(self) -> Literal["owner", "prompt"]:
        """What `owners` counts: prompts where there is one owner, or one prompt an owner."""
        single = self.owners and self.room and self.owners.count == self.room.prompts
        return "prompt" if single else "owner"

    def data(self) -> dict[str, Any]:
        """As plain JSON data."""
        plain: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return plain

    def save(self, path: Path) -> None:
        """Write JSON under a temporary name, then rename."""
        write_text(Path(path), json.dumps(self.data(), indent=1, sort_keys=True, allow_nan=False) + "\n")

    @staticmethod
    def load(path: Path) -> Certificate:
        """Read a certificate of format 2; raises `ArgumentError` in one line on anything else."""
        return parse(read_json(path), Path(path).name)

    def __str__(self) -> str:
        c = self.claim
        parts = [
            f"{c.pair} pair: Jensen-Shannon divergence in [{span(c.lower, c.upper, 5, ', ')}] nats at confidence {c.confidence:g}, "
            f"averaged over {self._about()}; any detector that sees {words.ACCESS[c.access]} is right at most "
            f"{up(100 * self.implies.max_accuracy, 2)} % of the time"
        ]
        if self.owners:
            units = f"{self.unit}s"
            worst = f"worst of {self.owners.count} {units} at most {up(self.owners.worst_upper, 5)} nats"
            names = self.owners.above_margin
            if self.owners.share_beyond is not None:
                worst += f", and at most {up(100 * self.owners.share_beyond, 1)} % of {units} like these lie beyond the margin"
            parts.append(
                worst
                + (
                    f", beyond the margin for certain: {printable(', '.join(names[:3]))}{' ...' if len(names) > 3 else ''}"
                    if names
                    else ""
                )
            )
        if self.room:
            parts.append(
                f"the average leaves room for {self.room.at_ln2} of {self.room.prompts} prompts told apart with certainty"
            )
        headline = self.verdict or f"no verdict: {words.NO_VERDICT.get(self.no_verdict or '', self.no_verdict)}"
        return "; ".join(parts) + f": {headline} (margin {self.margin:g})"

    def _about(self) -> str:
        units = [
            f"{k} {v!r}" for k, v in (("owner", self.request.owner), ("prompt", self.request.prompt)) if v is not None
        ]
        return " and ".join(units) if units else words.POPULATIONS[self.claim.population]

    def explain(self) -> list[str]:
        """The rest in words, a sentence a line."""
        i, level, r = self.implies, self.levels, self.request
        source, asked = words.CEILINGS[i.sources["max_accuracy"]], asking(self.metadata)
        out = [
            f"any detector: accuracy <= {up(i.max_accuracy, 4)} ({source}), AUC <= {up(i.max_auc, 4)}, "
            f"TPR <= {up(i.max_tpr_at_fpr_0_01, 4)} at 1 % FPR; no g in [0, 1] moves by more than {up(i.max_influence, 4)}",
            "outputs needed for 90 % accuracy: "
            + (
                "no number suffices"
                if i.outputs_for_accuracy_0_9 is None
                else f"at least {i.outputs_for_accuracy_0_9:.0f}"
            ),
        ]
        if asked:
            out.append(asked.sentence())
        channel = self.metadata.get("channel")
        if isinstance(channel, str):
            out.append(f"seen, as the evidence says: {printable(channel)}")
        share = self.metadata.get("share")
        if self.claim.pair == "marginal" and isinstance(share, float) and 0.0 < share <= 1.0:
            far = forget_total_variation(self.claim.upper, share)
            out.append(
                f"on the forget set itself total variation is at most {up(far, 4)}: the bound on the mixture, blown up by 1/{share:.4g} (T12)"
            )
        if self.owners and self.owners.pairs_needed and self.owners.fewest_rows is not None:
            out.append(
                f"an owner needs {self.owners.pairs_needed} pairs of outputs for this margin when no disagreement is seen; "
                f"the one with fewest has {self.owners.fewest_rows} rows"
            )
        if level.together == 0.0:
            out.append("every number is exact up to rounding, which is enclosed")
        elif r.simultaneous:
            out.append(f"all numbers hold at once with probability at least {1 - level.together:g}")
        else:
            out.append(
                f"each number holds with probability at least {r.confidence:g} by itself, all together {max(0.0, 1 - level.together):.4g} "
                "(--simultaneous makes them hold at once)"
            )
        out.append(
            f"lower end: {words.RESTS_ON[self.rests_on.lower]}; upper end: {words.RESTS_ON[self.rests_on.upper]}"
        )
        return out


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file, duplicate keys and NaN refused."""

    try:
        data = strict_json(Path(path).read_bytes(), "certificate")
    except OSError as e:
        raise ArgumentError("certificate", "a readable JSON file", f"{path} ({e})") from None
    require(isinstance(data, dict), "certificate", "a JSON object", path)
    return dict(data)


def parse(data: dict[str, Any], name: str = "certificate") -> Certificate:
    """A certificate from JSON data; raises `ArgumentError` naming the first field that is not as the format says."""
    require(data.get("format") == FORMAT, "certificate", f"format {FORMAT}", f"{name}, format {data.get('format')!r}")
    try:
        certificate = Certificate.model_validate_json(json.dumps(data))
    except (ValidationError, ValueError, RecursionError) as e:
        if not isinstance(e, ValidationError):
            raise ArgumentError("certificate", "the fields of the format", f"{name}: {e}") from None
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"])) or "certificate"
        raise ArgumentError(f"certificate, {where}", first["msg"], first.get("input")) from None
    fields = (
        ("claim.access", certificate.claim.access, words.ACCESS),
        ("rests_on.lower", certificate.rests_on.lower, words.RESTS_ON),
        ("rests_on.upper", certificate.rests_on.upper, words.RESTS_ON),
        *(("assumptions", a, words.ASSUMPTIONS) for a in certificate.assumptions),
        *((("no_verdict", certificate.no_verdict, words.NO_VERDICT),) if certificate.no_verdict is not None else ()),
    )
    for where, value, vocabulary in fields:
        require(value in vocabulary, f"certificate, {where}", " or ".join(vocabulary), value)
    require(len(certificate.evidence) > 0, "certificate, evidence", "at least one file", 0)
    numbers = {k for k in certificate.implies.model_dump(by_alias=True) if k.startswith(("max_", "delta_"))}
    sources = set(certificate.implies.sources)
    require(sources == numbers, "certificate, implies.sources", ", ".join(sorted(numbers)), ", ".join(sorted(sources)))
    return certificate


def schema() -> dict[str, Any]:
    """The JSON Schema of the format."""
    document: dict[str, Any] = Certificate.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        **{k: v for k, v in document.items() if k != "title"},
    }


def verdict_for(average: tuple[float, float], margin: float, owners: Units | None, refuted: bool = False) -> Verdict:
    """In order: refuted, detectable, equivalent within margin, equivalent on average, inconclusive.

    `average`: the claim's ends. An owner whose corrected lower end exceeds the margin makes the pair detectable; only a worst
    owner's upper end at or below it makes it equivalent within margin.

    >>> verdict_for((0.0, 0.005), 0.01, None), verdict_for((0.02, 0.03), 0.01, None), verdict_for((0.0, 0.03), 0.01, None)
    ('equivalent on average', 'detectable', 'inconclusive')
    """
    if refuted:
        return "refuted"
    if average[0] > margin or (owners is not None and owners.above_margin):
        return "detectable"
    if owners is not None and owners.worst_upper <= margin:
        return "equivalent within margin"
    return "equivalent on average" if average[1] <= margin else "inconclusive"
