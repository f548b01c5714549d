"""The walk: certify, check, forge, get caught, a page to open."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimators.certify import Question, certify_files
from experiments.demo.page import page
from mari_theory.certificates.beyond import Beyond, beyond
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.checker import check
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

HERE = Path(__file__).parent
MODELS: dict[str, str] = {
    "original": "before unlearning: it was trained on the data",
    "unlearned": "after unlearning: told to forget them",
    "retrained": "never saw the data: trained again without them",
}
"""Evidence file -> which model it compares with the retrained ones."""
FLOOR = "retrained"
MARGIN = 0.006
"""Nats, that of the preset `smollm2` for this channel."""
UNIT = 1e-6
"""What a forged upper end says."""


def _smaller_number(folder: Path) -> str:
    path = folder / "original.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said["claim"] |= {"lower": 0.0, "upper": UNIT}
    said["verdict"] = "equivalent within margin"
    write_text(path, json.dumps(said))
    return "the number made smaller, and the verdict with it"


def _other_evidence(folder: Path) -> str:
    shutil.copy(folder / f"{FLOOR}.parquet", folder / "original.parquet")
    return "the evidence of a retrained model under the original's certificate"


FORGERIES: tuple[Callable[[Path], str], ...] = (_smaller_number, _other_evidence)
"""Each changes a copy of the original's certificate or evidence and says how."""


@dataclass(frozen=True)
class Forgery:
    """A certificate that was tampered with, and what the checker says."""

    what: str
    """How."""
    failed: tuple[str, ...]
    """Lines that do not hold."""


@dataclass(frozen=True)
class Demo:
    """What the walk found."""

    folder: Path
    """Where certificates, evidence and page are."""
    certificates: dict[str, Certificate]
    """Model -> certificate."""
    beyond: Beyond
    """How much farther the unlearned model is than a retraining."""
    lines: dict[str, tuple[int, int]]
    """Model -> lines of its certificate that hold, of so many."""
    forgeries: tuple[Forgery, ...]
    """What was tried."""

    @property
    def ok(self) -> bool:
        """Do the certificates hold, and is every forgery caught?"""
        return all(a == b for a, b in self.lines.values()) and all(f.failed for f in self.forgeries)

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "ok": self.ok,
            "page": str(self.folder / "demo.html"),
            "verdicts": {name: c.verdict for name, c in self.certificates.items()},
            "beyond": {"lower": self.beyond.lower, "upper": self.beyond.upper, "verdict": self.beyond.verdict},
            "checked": {name: {"hold": a, "of": b} for name, (a, b) in self.lines.items()},
            "forgeries": [{"what": f.what, "failed": list(f.failed)} for f in self.forgeries],
        }


def demo(out: Path) -> Demo:
    """Certify the packaged evidence into a new folder, check it, forge it and write the page. Raises `ArgumentError` on a folder in use."""
    require(not out.exists() or (out.is_dir() and not any(out.iterdir())), "--out", "a new or empty folder", out)
    out.mkdir(parents=True, exist_ok=True)
    made, lines = {}, {}
    for name in MODELS:
        evidence = Path(shutil.copy(HERE / f"{name}.parquet", out))
        made[name] = certify_files([evidence], Question(margin=MARGIN))
        made[name].save(out / f"{name}.json")
        numbers = check(Certificate.load(out / f"{name}.json"), [evidence])
        lines[name] = (sum(n.ok for n in numbers), len(numbers))
    found = Demo(out, made, beyond(made["unlearned"], made[FLOOR]), lines, tuple(_forged(out, f) for f in FORGERIES))
    holds = ", ".join(f"{name}: {a} of {b} lines hold" for name, (a, b) in lines.items())
    write_text(
        out / "demo.html",
        page(
            {name: (what, made[name]) for name, what in MODELS.items()},
            str(found.beyond),
            f"A checker that shares no numbers with the certificates derived them again ({holds})",
            {f.what: f.failed for f in found.forgeries},
            MARGIN,
        ),
    )
    return found


def _forged(out: Path, forge: Callable[[Path], str]) -> Forgery:
    folder = out / "forged"
    for name in ("original.json", "original.parquet", f"{FLOOR}.parquet"):
        folder.mkdir(exist_ok=True)
        shutil.copy(out / name, folder)
    what = forge(folder)
    numbers = check(Certificate.load(folder / "original.json"), [folder / "original.parquet"])
    shutil.rmtree(folder)
    return Forgery(what, tuple(n.name for n in numbers if not n.ok))
