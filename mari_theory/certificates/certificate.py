"""The claim a user signs, and its JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mari_theory.detectability import delta, max_accuracy, max_auc, max_tpr, min_outputs
from mari_theory.errors import ArgumentError, require
from mari_theory.certificates.files import write_text

FORMAT = "mari-certificate/1"
VERDICTS = ("equivalent within margin", "detectable", "inconclusive", "refuted")
PAIR_MEANING = {
    "marginal": "one model's outputs on retain inputs (P) against retain and forget inputs together (Q)",
    "oracle": "the model retrained without the forget set (P) against the unlearned model (Q), same prompts",
    "shift": "the original model (P) against the unlearned model (Q), same prompts",
    "matched": "one model on never-seen prompts of the same kind (P) against forget prompts (Q)",
}


@dataclass(frozen=True)
class Certificate:
    """A certified claim about one pair of arms.

    `claim`: pair, quantity, lower, upper, estimate, confidence, unit, method, theorem, n.
    `implies`: what the upper end allows any detector to do. `direct`: total variation, AUC and ROC bands certified from
    the same evidence. `verdict`: one of `VERDICTS` for `margin`. `evidence`: files with SHA-256.
    """

    claim: dict[str, Any]
    implies: dict[str, Any]
    margin: float
    verdict: str
    access: str
    assumptions: tuple[str, ...]
    errors: dict[str, float]
    evidence: list[dict[str, Any]]
    direct: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    refuted_by: str | None = None
    format: str = FORMAT

    def save(self, path: Path) -> None:
        """Write JSON under a temporary name, then rename."""
        write_text(Path(path), json.dumps(asdict(self), indent=1, sort_keys=True, allow_nan=False) + "\n")

    @staticmethod
    def load(path: Path) -> Certificate:
        """Read a certificate; raises `ArgumentError` on a missing, truncated or foreign file."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as e:
            raise ArgumentError("certificate", "a readable JSON file", f"{path} ({e})") from None
        require(isinstance(data, dict) and data.get("format") == FORMAT, "certificate", f"format {FORMAT}", path)
        try:
            certificate = Certificate(**{**data, "assumptions": tuple(data["assumptions"])})
            for key in ("pair", "lower", "upper", "confidence", "method"):
                certificate.claim[key]
        except (TypeError, KeyError) as e:
            raise ArgumentError("certificate", "the fields of the format", f"{path} ({e})") from None
        return certificate

    def __str__(self) -> str:
        c = self.claim
        return (
            f"{c['pair']} pair: Jensen-Shannon divergence in [{c['lower']:.5f}, {c['upper']:.5f}] nats at confidence "
            f"{c['confidence']:g}; any detector with {self.access} is right at most "
            f"{100 * self.implies['max_accuracy']:.2f} % of the time: {self.verdict} (margin {self.margin:g})"
        )


def implications(upper: float) -> dict[str, Any]:
    """What an upper bound on JSD implies for every detector, each rounded to the safe side (T5-T8, T10).

    >>> implications(0.0)["max_accuracy"]
    0.5
    """
    upper = min(max(upper, 0.0), math.log(2.0))

    def outputs(accuracy: float) -> float | None:
        n = float(min_outputs(accuracy, upper))
        return None if math.isinf(n) else n

    return {
        "max_accuracy": float(max_accuracy(upper)),
        "max_tpr_at_fpr_0.001": float(max_tpr(0.001, upper)),
        "max_tpr_at_fpr_0.01": float(max_tpr(0.01, upper)),
        "max_auc": float(max_auc(upper)),
        "outputs_for_accuracy_0.75": outputs(0.75),
        "outputs_for_accuracy_0.9": outputs(0.9),
        "delta_at_epsilon_1": float(delta(1.0, upper)),
    }


def verdict_for(lower: float, upper: float, margin: float) -> str:
    """The verdict of an interval for a margin.

    >>> verdict_for(0.0, 0.005, 0.01), verdict_for(0.02, 0.03, 0.01), verdict_for(0.0, 0.03, 0.01)
    ('equivalent within margin', 'detectable', 'inconclusive')
    """
    if upper <= margin:
        return VERDICTS[0]
    return VERDICTS[1] if lower > margin else VERDICTS[2]
