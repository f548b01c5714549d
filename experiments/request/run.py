"""The whole way of a deletion request: data, retraining, unlearning, audit, and the folder that is handed over."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.config import MethodConfig, RunConfig
from experiments.data.encoding import require_fit
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.measures.context import spread_over_owners
from experiments.measures.items import item_scores
from experiments.measures.knowledge import Asked, knowledge
from experiments.models.device import find_device
from experiments.models.load import load_model, load_tokenizer, require_model, require_room
from experiments.models.smollm2 import model_path
from experiments.request.cost import Cost, estimate_cost
from experiments.request.handover import certificates_of, hand_over, save_unlearned
from experiments.request.plan import Ask, plan
from experiments.request.statement import Said, statement
from experiments.request.validation import CANDIDATES, choose_method
from experiments.unlearning.request import prepare
from experiments.unlearning.retrain import TINY
from experiments.unlearning.train import require_methods
from mari_theory.certificates.digests import sha256
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require

BASE_ITEMS = 256
"""Items of each kind that a base is asked before it is retrained."""
DEFAULT = "npo"
"""The method, where none is named and none is chosen."""


@dataclass(frozen=True)
class Outcome:
    """What a request came to."""

    run: Run
    """The audit."""
    folder: Path
    """What is handed over."""
    model: Path
    """The unlearned model."""


def run_request(
    ask: Ask, data: Corpus, out: Path, resume: bool = False, estimate_only: bool = False, command: str | None = None
) -> Outcome | Cost:
    """Do a request in folder `out`; the cost alone, and no folder, where only an estimate was asked for. A killed one goes on with `resume`.

    Raises `ArgumentError` on what cannot be done, before anything is trained and with nothing left behind; `AuditFailure` where the
    audit contradicts itself.
    """
    out, audit = Path(out), Path(out) / "audit"
    where, there = _look_at(ask, data), out.exists()
    note = json.loads(json.dumps({"data_sha256": data.fingerprint(), **asdict(ask)}))
    with _nothing_left(out):
        prepare(out, note, resume)
        for name, items in data.splits().items():
            write_prompts(out / "data" / f"{name}.jsonl", items)
        chosen = None if ask.method is None else MethodConfig(label=ask.method, name=ask.method, settings=ask.settings)
        first = plan(ask, data, out / "data", [chosen or MethodConfig(label=DEFAULT, name=DEFAULT)])
        require_methods(first)
        _look_at_base(ask, data, where)
        cost = estimate_cost(first, audit, 0 if chosen else len(CANDIDATES))
        print(str(cost), file=sys.stderr, flush=True)
        require_room(out, int(cost.disk_gib * 2**30), "models and checkpoints")
        if estimate_only:
            if not there:
                shutil.rmtree(out)
            return cost
        choice = "The method was named beforehand."
        if chosen is None:
            chosen, found = choose_method(ask, data, out / "validation")
            choice = f"The method was chosen among {len(found['tried'])} on another request, of {found['owners']} owners that stay."
        config = plan(ask, data, out / "data", [chosen])
        run = run_audit(config, audit, (audit / "config.yaml").is_file(), command)
    return _finish(run, config, out, _request(ask, data), choice)


def _finish(run: Run, config: RunConfig, out: Path, request: dict[str, Any], choice: str) -> Outcome:
    label, folder, model = config.methods[0].label, out / "handover", out / "model"
    save_unlearned(config, out / "audit", label, model)
    digests = {f.name: sha256(f) for f in sorted(model.glob("*.safetensors"))}
    said = Said(request, choice, digests, certificates_of(run))
    hand_over(run, out / "audit", folder, {"statement.html": statement(run, said)})
    row = run.methods[0]
    record = {"verdict": row.oracle.verdict, "no_verdict": row.oracle.no_verdict, "method": label, "model": str(model)}
    write_text(out / "record.json", json.dumps(record, indent=1))
    return Outcome(run, folder, model)


def _request(ask: Ask, data: Corpus) -> dict[str, Any]:
    owners = len({i.owner for i in data.forget})
    return {"model": ask.model, "owners": owners, "data_sha256": data.fingerprint()}


def _look_at(ask: Ask, data: Corpus) -> Any:
    """Everything that can be refused without reading weights; the device."""
    require(ask.base != TINY or not ask.oracles, "--base", "a base only where no oracles are given", ask.base)
    data.halves()
    for name in (ask.model, *ask.oracles, *([ask.base] if ask.base and ask.base != TINY else [])):
        require_model(name)
    return find_device(ask.device)


def _look_at_base(ask: Ask, data: Corpus, device: Any) -> None:
    """A base that knows the data is no base for an oracle: refused before hours of retraining."""
    if ask.oracles or ask.base in (None, TINY):
        return
    path, longest = model_path(str(ask.base)), ask.loop.max_answer
    model, tokenizer = load_model(path).to(device).eval(), load_tokenizer(path)
    parts = [spread_over_owners(x, BASE_ITEMS) for x in (data.forget, data.holdout, data.retain)]
    require_fit(model, tokenizer, [i for part in parts for i in part], longest)
    forget, unseen, stays = (Asked(part, item_scores(model, tokenizer, part, longest)) for part in parts)
    found = knowledge([(forget, unseen, stays)], 1.0 - ask.confidence, ask.seed)
    require(
        not found.flagged,
        "--base",
        "a model that never saw the data to forget",
        found.why.replace("retrained models know", "it knows"),
    )


@contextmanager
def _nothing_left(out: Path) -> Iterator[None]:
    """A folder that was not there before is not there after bad input, unless something was trained in it."""
    there = out.exists()
    try:
        yield
    except ArgumentError:
        if not there and not any(out.rglob("*.safetensors")):
            shutil.rmtree(out, ignore_errors=True)
        raise
