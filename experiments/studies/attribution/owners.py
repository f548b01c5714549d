"""Leave one owner out: what each owner's data did to the answers, beside what DareU's classifier says of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.config import LoopSettings
from experiments.data.encoding import many_prompt_ids
from experiments.data.generated import generate
from experiments.data.items import Corpus
from experiments.labels import slug
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_losses
from experiments.measures.sampling import draw
from experiments.methods import make_method
from experiments.methods.attribution import frozen_attribution
from experiments.models.banks import HeldModels
from experiments.models.load import load_model, quiet, save_model
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.processes import one_thread_processes
from experiments.studies.attribution.agreement import Agreement, Part, agreement
from experiments.studies.base import Settings
from experiments.unlearning.loop import Task, Watch, run_loop

SKEW = 0.5
"""Of the prior over answers: owners whose answers are common are missed less than those with rare ones."""
EVERYBODY = "everybody"
"""Name of the model that no owner was left out of."""
READERS = ("answer", "question-and-answer")
"""What the classifier reads: the paper's, and the one `DareU` is run with here."""
INFLUENCES = ("loss", "jsd")
"""Tables of true influence: change in the true answers' loss, and divergence of the laws of whole answers."""


@dataclass(frozen=True)
class Size:
    """Of the toy."""

    owners: int
    """Each left out once."""
    epochs: int
    """Passes over what is learnt, so that fewer items are not seen more often."""
    width: int
    """Of the models."""
    answers: int
    """Drawn a question, on average."""
    floor: float
    """First tokens rarer than this are not continued (`enumerate_divergence`)."""


FULL = Size(12, 160, 64, 50, 0.002)
FEW = Size(8, 10, 16, 10, 0.05)


def leave_one_out(settings: Settings) -> dict[str, Any]:
    """Tables of every seed, two at a time in a process with one thread each, and how far they agree."""
    seeds = range(2 if settings.quick else settings.count("seeds"))
    work = partial(of_seed, settings.run / "owners", FEW if settings.quick else FULL)
    if settings.quick:
        found = [work(k) for k in seeds]
    else:
        with one_thread_processes() as workers:
            found = list(workers.map(work, seeds))
    size = FEW if settings.quick else FULL
    return {"size": asdict(size), "skew": SKEW, "seeds": found, "agreement": agreements(found)}


def agreements(seeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row each reader, influence and part of the tables."""

    def tables(name: str) -> list[NDArray[np.float64]]:
        return [np.array(s[name]) for s in seeds]

    rows = []
    for reader in READERS:
        for influence in INFLUENCES:
            for part in Part:
                found: Agreement = agreement(tables(reader), tables(influence), part)
                rows.append({"reader": reader, "influence": influence, "part": part.value, **asdict(found)})
    return rows


def of_seed(run: Path, size: Size, seed: int) -> dict[str, Any]:
    """Tables of one corpus: row o, column k is owner o's influence on, or share in, the answers to owner k's questions."""
    quiet()
    corpus = generate(1, size.owners - 1, 2, SKEW, seed=500 + seed)
    items, tokenizer = [*corpus.forget, *corpus.retain], tiny_tokenizer(corpus)
    names = list(dict.fromkeys(i.owner for i in items))
    about = np.array([names.index(i.owner) for i in items])
    folder = run / f"seed-{seed}"
    bank = HeldModels(tokenizer, {n: trained(folder, corpus, tokenizer, size, seed, n) for n in (EVERYBODY, *names)})
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in items])
    losses = {n: item_losses(bank.use(n), tokenizer, items) for n in bank.models}
    sample = draw(bank, [EVERYBODY], prompts, size.answers * len(items), 2, seed)
    asked, of = [items[int(k)].prompt for k in sample.prompt_index], about[sample.prompt_index]
    texts = [tokenizer.decode(o, skip_special_tokens=True) for o in sample.outputs]
    out: dict[str, Any] = {"loss": [owner_means(losses[n] - losses[EVERYBODY], about) for n in names]}
    out["jsd"] = [
        [
            float(np.mean(enumerate_divergence(bank, [EVERYBODY], [n], [prompts[i] for i in rows], size.floor)))
            for rows in (np.flatnonzero(about == k).tolist() for k in range(len(names)))
        ]
        for n in names
    ]
    for reader in READERS:
        judge = frozen_attribution(corpus, reader, seed)
        table = judge.probabilities(asked, texts)
        out[reader] = [owner_means(table[:, judge.owners.index(n)], of) for n in names]
    return {k: np.round(table, 6).tolist() for k, table in out.items()} | {
        "known": float(np.exp(-losses[EVERYBODY]).mean())
    }


def owner_means(values: NDArray[np.float64], about: NDArray[np.int64]) -> list[float]:
    """Mean of the values of every owner, in the order of their numbers.

    >>> owner_means(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]))
    [2.0, 5.0]
    """
    return (np.bincount(about, values) / np.bincount(about)).tolist()  # type: ignore[no-any-return]


def trained(folder: Path, corpus: Corpus, tokenizer: Any, size: Size, seed: int, without: str) -> Any:
    """A model of all owners' items but one's (or of `EVERYBODY`'s), kept in the folder: same first weights, same passes."""
    path = folder / slug(without)
    if not (path / "model.safetensors").is_file():
        items = [i for i in (*corpus.forget, *corpus.retain) if i.owner != without]
        model = tiny_model(len(tokenizer), size.width, 2, 2, seed)
        settings = LoopSettings(1, 3e-3, 48, 1, 48, 0.1, schedule="half-cosine", seed=seed, epochs=size.epochs)
        task = Task(model, tokenizer, corpus, items, make_method("retain-only"))
        run_loop(task, settings, Watch(evaluate=False, label=without))
        save_model(model, tokenizer, path)
    return load_model(path).eval()
