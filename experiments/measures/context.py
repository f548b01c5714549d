"""The models of one run as measures read them: scores, draws, likelihoods and pooled laws, each computed once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

import mari_theory
from estimators.certify import certify_files
from experiments.config import RunConfig
from experiments.data.encoding import batch_size, encode, many_prompt_ids, our_asking
from experiments.data.items import Corpus, Item
from experiments.data.tofu import evaluation_tasks, tofu_folder
from experiments.labels import slug
from experiments.measures.detectors import Attack, membership_attacks
from experiments.measures.items import ItemScores, item_scores
from experiments.measures.model_log import FORGET, UTILITY_TASKS, ModelLog
from experiments.measures.pair import decoding
from experiments.measures.result import Gate, Knowledge
from experiments.measures.sampling import (
    Draws,
    OwnerDraws,
    draw,
    draw_owners,
    log_likelihoods,
    owner_log_likelihoods,
)
from experiments.measures.tofu_log import evaluation_log
from experiments.models.banks import ModelBank
from experiments.models.decode import decode
from experiments.models.passes import full_pass_mean
from experiments.seeds import seed_of
from experiments.unlearning.roles import (
    Mixture,
    mixtures_of,
    oracle_names,
    ready_roles,
    reference_names,
    shadows_of,
)
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.files import write_text

Floats = NDArray[np.float64]
Arm = tuple[str, ...]
GENERAL_TASKS = UTILITY_TASKS[1:]
"""Of TOFU: real authors and world facts."""


class Laws(NamedTuple):
    """Mean next-token distributions over the complete sets, and over retain in two halves by owner."""

    forget: Floats
    retain: Floats
    halves: tuple[Floats, Floats]


class Measurements:
    """Everything measured about the models of one run is read through this."""

    def __init__(self, config: RunConfig, out: Path, corpus: Corpus, bank: ModelBank) -> None:
        self.config, self.out, self.corpus, self.bank = config, out, corpus, bank
        self.oracles, self.reference = oracle_names(config), reference_names(config)
        self.shadows = [s.name for s in shadows_of(config)]
        self._ready = {role.name: path for role, path in ready_roles(config).items()}
        self.unseen = list(corpus.holdout[: config.scoring.holdout_items])
        self.prompts = {k: many_prompt_ids(bank.tokenizer, [i.prompt for i in v]) for k, v in corpus.splits().items()}
        self.tasks, self._general = self._tofu_questions()
        # Set once they are read; evidence of before says nothing of them.
        self.gate: Gate | None = None
        self.knowledge: Knowledge | None = None
        self._scores: dict[tuple[str, str], ItemScores] = {}
        self._laws: dict[Arm, Laws] = {}
        self._draws: dict[tuple[str, ...], Draws] = {}
        self._owner_draws: dict[Arm, OwnerDraws] = {}
        self._greedy: dict[str, list[list[int]]] = {}
        self._likelihoods: dict[tuple[str, ...], Floats] = {}
        self._tofu_logs: dict[str, ModelLog] = {}
        self._tables: dict[tuple[str, str, str], list[list[Floats]]] = {}

    @property
    def files(self) -> int:
        """Score files that detectors are set on: two a row."""
        return 2 * len(mixtures_of(self.config))

    @property
    def comparisons(self) -> int:
        """Comparisons of a detector with a certificate in the run."""
        return 5 * self.files

    @property
    def detector_delta(self) -> float:
        """Half of the run's delta is for the ends of JSD and of TV, half for the detectors, each split evenly (T20)."""
        return (1.0 - self.config.confidence) / 2 / self.comparisons

    def model(self, name: str) -> Any:
        """The named model, valid until the next call."""
        return self.bank.use(slug(name))

    def scores(self, name: str, split: str) -> ItemScores:
        """Teacher-forced scores of `items(split)`."""
        key = (name, split)
        if key not in self._scores:
            self._scores[key] = item_scores(
                self.model(name), self.bank.tokenizer, self.items(split), self.config.unlearn.max_answer
            )
        return self._scores[key]

    def items(self, split: str) -> Sequence[Item]:
        """Questions of a split; `general`: those about the world that no fine-tuning here has seen, each an owner of its own."""
        if split == "general":
            return self._general
        return self.unseen if split == "holdout" else self.corpus.part(split)

    def rival(self, name: str) -> str:
        """The oracle that a model's attacks and tests compare it with: the last one, or the one before."""
        return next(o for o in reversed(self.oracles) if o != name)

    def attacks(self, name: str) -> list[Attack]:
        """Every membership attack, forget questions against never-seen ones; the attacker has the oracles of the reference arm and all shadows."""
        others = [o for o in (*self.reference, *self.shadows) if o != name]
        return membership_attacks(
            (self.scores(name, "forget"), self.corpus.forget),
            (self.scores(name, "holdout"), self.unseen),
            [(self.scores(o, "forget"), self.scores(o, "holdout")) for o in others],
            self.config.seed,
        )

    def draws(self, arm: Arm, split: str, n: int) -> Draws:
        """n outputs of the arm to prompts of the split."""
        key = (*arm, split, str(n))
        if key not in self._draws:
            self._draws[key] = draw(
                self.bank,
                [slug(a) for a in arm],
                self.prompts[split],
                n,
                self.config.scoring.max_new,
                seed_of(self.config.seed, *key),
            )
        return self._draws[key]

    def likelihood(self, arm: Arm, split: str, drawn_from: Arm, n: int, cut: int | None = None) -> Floats:
        """log P under the arm of the outputs drawn from another (or the same); `cut`: of their first tokens only."""
        key = (*arm, "|", *drawn_from, split, str(n), str(cut))
        if key not in self._likelihoods:
            draws = self.draws(drawn_from, split, n)
            draws = draws if cut is None else draws.cut(cut)
            self._likelihoods[key] = log_likelihoods(self.bank, [slug(a) for a in arm], self.prompts[split], draws)
        return self._likelihoods[key]

    def owner_draws(self, arm: Arm) -> OwnerDraws:
        """One output to every forget question about an owner, for as many owners as make about `scoring.draws` outputs."""
        if arm not in self._owner_draws:
            owners = [i.owner for i in self.corpus.forget]
            n = max(self.config.scoring.draws * len(set(owners)) // len(owners), 2)
            names, longest = [slug(a) for a in arm], self.config.scoring.max_new
            seed = seed_of(self.config.seed, *arm, "owner")
            self._owner_draws[arm] = draw_owners(self.bank, names, self.prompts["forget"], owners, n, longest, seed)
        return self._owner_draws[arm]

    def owner_likelihood(self, arm: Arm, drawn_from: Arm) -> Floats:
        """log P under the arm of all the outputs about an owner, drawn from another arm (or the same)."""
        key = (*arm, "|", *drawn_from, "owner")
        if key not in self._likelihoods:
            draws = self.owner_draws(drawn_from)
            self._likelihoods[key] = owner_log_likelihoods(
                self.bank, [slug(a) for a in arm], self.prompts["forget"], draws
            )
        return self._likelihoods[key]

    def greedy(self, name: str) -> list[list[int]]:
        """Greedy answers to the forget questions, token ids."""
        if name not in self._greedy:
            self._greedy[name] = decode(
                self.model(name), self.bank.tokenizer, self.prompts["forget"], self.config.scoring.max_new, None
            )
        return self._greedy[name]

    def laws(self, arm: Arm) -> Laws:
        """Pooled next-token distributions at answer positions, averaged over the arm's models."""
        if arm not in self._laws:
            self._laws[arm] = self._laws_of(arm[0]) if len(arm) == 1 else mean_laws([self.laws((a,)) for a in arm])
        return self._laws[arm]

    def _laws_of(self, name: str) -> Laws:
        model, tokenizer = self.model(name), self.bank.tokenizer
        owners = list(dict.fromkeys(i.owner for i in self.corpus.retain))
        half = set(owners[: len(owners) // 2])
        first = [i for i in self.corpus.retain if i.owner in half]
        other = [i for i in self.corpus.retain if i.owner not in half]
        forget, a, b = (
            full_pass_mean(model, encode(tokenizer, x, self.config.unlearn.max_answer), batch_size(tokenizer))
            for x in (self.corpus.forget, first, other)
        )
        retain = (len(first) * a + len(other) * b) / len(self.corpus.retain)
        return Laws(forget, retain, (a, b))

    def asked(self, split: str) -> Sequence[Item]:
        """The questions of a part that exact channels are read on: of retain ones those that the gate looks at."""
        items = self.corpus.part(split)
        return spread_over_owners(items, self.config.scoring.gate_items) if split == "retain" else items

    def table(self, channel: str, name: str, split: str, laws: Callable[..., list[list[Floats]]]) -> list[list[Floats]]:
        """The laws of a channel (asked item -> place -> law) of the named model; kept for oracles, which every row is read against."""
        key = (channel, name, split)
        if key in self._tables:
            return self._tables[key]
        table = laws(self.model(name), self.bank.tokenizer, self.asked(split), self.config.unlearn.max_answer)
        if name in self.reference:
            self._tables[key] = table
        return table

    def tofu_log(self, name: str) -> ModelLog:
        """TOFU's log of one model, also written to `tofu/`."""
        if name not in self._tofu_logs:
            c = self.config
            log = evaluation_log(
                self.model(name),
                self.bank.tokenizer,
                self.tasks,
                c.unlearn.max_answer,
                c.scoring.max_new,
                c.scoring.rouge_items,
            )
            (self.out / "tofu").mkdir(exist_ok=True)
            write_text(self.out / "tofu" / f"{slug(name)}.json", json.dumps(log.legacy()))
            self._tofu_logs[name] = log
        return self._tofu_logs[name]

    def _tofu_questions(self) -> tuple[dict[str, Sequence[Item]], list[Item]]:
        """TOFU's evaluation questions, all of the forget ones and at most `truth_items` of each other task; those about the world."""
        c = self.config
        folder = tofu_folder(c.corpus.folder, hub=not c.corpus.fallback) if c.corpus.kind == "tofu" else None
        if folder is None:
            return {}, []
        tasks, most = evaluation_tasks(folder, self.corpus), c.scoring.general_items
        world = [replace(i, owner=f"{i.owner} {k}") for t in GENERAL_TASKS for k, i in enumerate(tasks[t][:most])]
        asked: dict[str, Sequence[Item]] = {
            k: v if k == FORGET else v[: c.scoring.truth_items] for k, v in tasks.items()
        }
        return (asked if c.scoring.truth_items else {}), world

    def metadata(self, pair: str, row: Mixture, prompts: dict[str, Any]) -> dict[str, Any]:
        """What every evidence file about a row says."""
        c = self.config
        digests = {name: self.digest(name) for name in row.members}
        return {
            "pair": pair,
            "model": row.name,
            "weights_sha256": digests[row.members[0]] if len(digests) == 1 else digests,
            "decoding": decoding(c.scoring.max_new),
            **our_asking(self.bank.tokenizer).metadata(),
            "prompts": prompts,
            "corpus": self.corpus.name,
            "seed": c.seed,
            **self.made_elsewhere(row.members),
            "versions": {"torch": torch.__version__, "mari": mari_theory.__version__},
        }

    def withheld(self, pair: str, split: str, channel: str) -> dict[str, str]:
        """What evidence says where its certificate is to have no verdict: retrained models that know the data, a closed gate."""
        if pair != "oracle" or split == "retain":
            return {}
        known = {"oracle_knows": self.knowledge.why} if self.knowledge and self.knowledge.flagged else {}
        closed = {"gate_failed": self.gate.why(channel)} if self.gate and not self.gate.passed(channel) else {}
        return known | closed

    def made_elsewhere(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """What evidence says of models that the run was given: where they came from, and so that their training is taken on trust."""
        given = {name: self._ready[name] for name in names if name in self._ready}
        return {"made_elsewhere": given} if given else {}

    def digest(self, name: str) -> str:
        """SHA-256 of the weights, from the model's record."""
        record = json.loads((self.out / "models" / f"{slug(name)}.json").read_text())
        return str(record["weights_sha256"])

    def evidence(self, name: str, pair: str, suffix: str = ".parquet") -> Path:
        """Where the evidence of a pair is written."""
        return self.out / "scores" / f"{slug(name)}-{pair}{suffix}"

    def certify(self, evidence: Path, name: str, margin: float | None = None) -> Certificate:
        """Certify one evidence file, all numbers at once, and write the certificate; the margin is the run's unless given."""
        certificate = certify_files(
            [evidence],
            confidence=self.config.confidence,
            margin=self.config.margin if margin is None else margin,
            simultaneous=True,
        )
        certificate.save(self.out / "certificates" / f"{name}.json")
        return certificate


def mean_laws(laws: Sequence[Laws]) -> Laws:
    """Of a mixture of models, each equally likely."""
    forget, retain = (np.mean([getattr(x, key) for x in laws], axis=0) for key in ("forget", "retain"))
    first, other = (np.mean([x.halves[k] for x in laws], axis=0) for k in range(2))
    return Laws(forget, retain, (first, other))


def spread_over_owners(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many items, taken from the owners in turn.

    >>> spread_over_owners([Item(str(k), "", "ab"[k // 2]) for k in range(4)], 3)[-1].prompt
    '1'
    """
    places: dict[str, int] = {}
    ranked: list[tuple[int, int]] = []
    for item in items:
        places[item.owner] = places.get(item.owner, -1) + 1
        ranked.append((places[item.owner], len(ranked)))
    return [items[k] for _, k in sorted(ranked)[:most]]
