"""The main job: corpus -> original and oracles -> each method -> score the four pairs -> certify -> attack -> report."""

from __future__ import annotations

import datetime
import json
import math
import platform
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import mari_theory
from estimators.certify import certify_files
from estimators.likelihood_ratio import certify_likelihood_ratio
from estimators.order_free import OrderFree
from estimators.pooled import FastRate
from experiments.config import RunConfig, slug
from experiments.data.encoding import batch_size, encode, many_prompt_ids
from experiments.data.files import write_prompts
from experiments.data.items import Corpus, Item
from experiments.data.tofu import evaluation_tasks, tofu_folder
from experiments.measures.detectors import Attack, blind_baseline, membership_attacks, origin_detectors
from experiments.measures.enumeration import enumerate_divergence, enumerated_options
from experiments.measures.items import ItemScores, item_scores, share_of_uniform_loss, truth_ratio
from experiments.measures.memorisation import extraction_strength, knowledge_memorisation
from experiments.measures.pair import STATED, Pair, decoding
from experiments.measures.robustness import survival
from experiments.measures.sampling import Draws, draw, log_likelihoods
from experiments.measures.tofu_log import evaluation_log, tofu_numbers
from experiments.measures.tofu_metrics import FORGET, Log, item_truth_ratios
from experiments.models.banks import RunBank, open_bank
from experiments.models.passes import full_pass_mean
from experiments.seeds import seed_of
from experiments.unlearning.roles import Original, Role, entries_of, oracle_arm, oracle_names, oracle_pairs, oracles_of
from experiments.unlearning.train import train_many
from mari_theory import forget_total_variation, jensen_shannon, marginal_information, mix, oracle_bound
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.files import Pool, read_scores, write_options, write_pool, write_scores, write_text
from mari_theory.errors import ArgumentError, require

LN2 = math.log(2.0)
BINS = 16
WIDE = 1.0 - 1e-6


class AuditFailure(Exception):
    """A certificate was refuted, or an interval missed the enumerated value at confidence 1 - 1e-6."""


def run_audit(config: RunConfig, out: Path, resume: bool = False) -> dict[str, Any]:
    """Run the whole audit into folder `out`; returns the results (also `results.json`), raises `AuditFailure` at the end.

    Delta of the run is split over every comparison of a detector with a certificate (T20). A resumed run keeps finished
    models and measured rows and continues interrupted trainings from their checkpoints.
    """
    began = time.perf_counter()
    corpus = config.make_corpus()  # before anything is written
    _prepare(config, out, resume)
    for name, items in corpus.splits().items():
        write_prompts(out / "prompts" / f"{name}.jsonl", items)
    original, oracles, entries = Original(), oracles_of(config), entries_of(config)
    _say(
        f"corpus {corpus.name}: {len(corpus.forget)} forget, {len(corpus.retain)} retain, {len(corpus.holdout)} never-seen questions"
    )
    records = train_many(config, out, [original, *oracles])
    records |= train_many(config, out, entries) if entries else {}
    training_memory = _peak(resource.RUSAGE_SELF) + config.workers * _peak(resource.RUSAGE_CHILDREN)
    torch.set_num_threads(max(1, config.workers if config.model.kind == "tiny" else 2))
    study = Study(config, out, corpus, open_bank(config, out))
    measured: list[Role] = [original, *entries, oracles[0]]
    rows = [_kept_row(study, role, records[role.name]) for role in measured]
    floor = study.noise_floor()
    problems = [p for r in rows for p in r.pop("problems")] + floor.pop("problems")
    trajectories = {e.name: records[e.name]["history"] for e in entries}
    results = {
        "config": config.model_dump(),
        "corpus": {
            "name": corpus.name,
            **{k: len(v) for k, v in corpus.splits().items()},
            "sentences": corpus.sentences,
        },
        "rows": rows,
        "floor": floor,
        "blind": _attack(study.blind),
        "oracle_losses": study.oracle_losses(),
        "trajectories": trajectories,
        "coverage": study.coverage,
        "comparisons": study.comparisons,
        "detector_delta": study.share,
        "problems": problems,
        "seconds": time.perf_counter() - began,
        "resumed": resume,
        "peak_memory_gib": max(training_memory, _peak(resource.RUSAGE_SELF)),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}",
        "date": datetime.date.today().isoformat(),
        "command": "mari audit --preset " + config.preset,
        "version": mari_theory.__version__,
    }
    write_text(out / "results.json", json.dumps(_plain(results), indent=1))
    from experiments.audit.report import write_report

    write_report(out)
    if problems:
        raise AuditFailure("; ".join(problems))
    return results


class Study:
    """Everything measured about the models of one run."""

    def __init__(self, config: RunConfig, out: Path, corpus: Corpus, bank: RunBank) -> None:
        self.config, self.out, self.corpus, self.bank = config, out, corpus, bank
        self.oracles = oracle_names(config)
        self.unseen = list(corpus.holdout[: config.scoring.holdout_items])
        self.prompts = {k: many_prompt_ids(bank.tokenizer, [i.prompt for i in v]) for k, v in corpus.splits().items()}
        self._scores: dict[tuple[str, str], ItemScores] = {}
        self._laws: dict[str, dict[str, Any]] = {}
        self._draws: dict[tuple[str, ...], Draws] = {}
        self._likelihoods: dict[tuple[str, ...], Any] = {}
        self._tofu_logs: dict[str, Log] = {}
        self.tasks = self.tofu_tasks()
        self.coverage: list[dict[str, Any]] = []
        rows = len(config.methods) + 2
        self.files = 2 * rows
        self.comparisons = 5 * self.files
        # Half of the run's delta for the ends of JSD and of TV, half for the detectors, each split evenly (T20).
        self.share = (1.0 - config.confidence) / 2 / self.comparisons
        _say("blind text-only baseline")
        self.blind = blind_baseline(corpus.forget, self.unseen, config.seed)

    def scores(self, name: str, split: str) -> ItemScores:
        key = (name, split)
        if key not in self._scores:
            items = self.unseen if split == "holdout" else self.corpus.splits()[split]
            self._scores[key] = item_scores(
                self.bank.use(slug(name)), self.bank.tokenizer, items, self.config.unlearn.max_answer
            )
        return self._scores[key]

    def reference(self, name: str) -> str:
        """The oracle that a model's attacks and tests compare it with: the last one, or the one before."""
        return next(o for o in reversed(self.oracles) if o != name)

    def attacks(self, name: str) -> list[Attack]:
        """Every membership attack, forget questions against never-seen ones."""
        oracle = self.reference(name)
        return membership_attacks(
            (self.scores(name, "forget"), self.corpus.forget),
            (self.scores(name, "holdout"), self.unseen),
            (self.scores(oracle, "forget"), self.scores(oracle, "holdout")),
            self.config.seed,
        )

    def row(self, role: Role, record: dict[str, Any]) -> dict[str, Any]:
        """All numbers, files and certificates of one model."""
        name = role.name
        _say(f"measuring {name}")
        forget, retain, unseen = (self.scores(name, s) for s in ("forget", "retain", "holdout"))
        attacks = self.attacks(name)
        problems: list[str] = []
        pooled = self.marginal(name)
        matched = self.matched(name, forget, unseen)
        certificates = {"marginal": pooled["certificate"], "matched": matched["certificate"]}
        origin: dict[str, Any] = {}
        for pair, arm_p, split, n in (
            ("oracle", oracle_arm(self.oracles, name), "forget", self.config.scoring.draws),
            ("shift", ["original"], "retain", self.config.scoring.shift_draws),
        ):
            if pair == "shift" and isinstance(role, Original):
                continue
            made = self.scored_pair(pair, name, arm_p, split, n)
            certificates |= made["certificates"]
            origin[pair] = made["detectors"]
            problems += made["problems"]
        vocab = len(self.bank.tokenizer)
        model = self.bank.use(slug(name))
        limit = self.config.scoring.rouge_items
        return {
            "name": name,
            "kind": role.kind,
            "seconds": record["seconds"],
            "steps": record["steps"],
            "stopped": record["stopped"],
            "forget_probability": float(forget.probability.mean()),
            "forget_exact": float(forget.exact.mean()),
            "forget_loss": float(forget.loss.mean()),
            "retain_probability": float(retain.probability.mean()),
            "retain_exact": float(retain.exact.mean()),
            "unseen_loss": float(unseen.loss.mean()),
            "truth_ratio": self.truth_ratio(name),
            "rouge_l_forget": float(
                knowledge_memorisation(
                    model, self.bank.tokenizer, self.corpus.forget[:limit], self.config.scoring.max_new
                ).mean()
            )
            if limit
            else None,
            "extraction_strength": float(
                extraction_strength(
                    model, self.bank.tokenizer, self.corpus.forget, self.config.unlearn.max_answer
                ).mean()
            ),
            "survival": survival(
                model, self.bank.tokenizer, self.corpus, self.unseen, self.config.unlearn.max_answer, self.config.seed
            )
            if self.config.scoring.robustness
            else {},
            "collapse": share_of_uniform_loss(float(retain.loss.mean()), vocab),
            "marginal": pooled,
            "triangle": self.triangle(name),
            "matched": matched,
            "certificates": certificates,
            "tofu": tofu_numbers(self.tofu_log(name), self.tofu_log(self.reference(name))) if self.tasks else {},
            "attacks": [_attack(a) for a in attacks],
            "best_attack": max(a.advantage_auc for a in attacks),
            "origin": origin,
            "problems": problems,
        }

    def tofu_tasks(self) -> dict[str, Sequence[Item]]:
        """TOFU's evaluation questions, all of the forget ones and at most `truth_items` of each other task; none for other data."""
        c = self.config
        folder = tofu_folder(c.corpus.folder, hub=not c.corpus.fallback) if c.corpus.kind == "tofu" else None
        if folder is None or not c.scoring.truth_items:
            return {}
        tasks = evaluation_tasks(folder, self.corpus)
        return {k: v if k == FORGET else v[: c.scoring.truth_items] for k, v in tasks.items()}

    def tofu_log(self, name: str) -> Log:
        """TOFU's log of one model, also written to `tofu/`."""
        if name not in self._tofu_logs:
            c = self.config
            made = evaluation_log(
                self.bank.use(slug(name)),
                self.bank.tokenizer,
                self.tasks,
                c.unlearn.max_answer,
                c.scoring.max_new,
                c.scoring.rouge_items,
            )
            (self.out / "tofu").mkdir(exist_ok=True)
            write_text(self.out / "tofu" / f"{slug(name)}.json", json.dumps(made))
            self._tofu_logs[name] = made
        return self._tofu_logs[name]

    def truth_ratio(self, name: str) -> float:
        """Mean over forget items; from TOFU's log where there is one."""
        if self.tasks:
            return float(item_truth_ratios(self.tofu_log(name)[FORGET]).mean())
        asked = self.corpus.forget[: self.config.scoring.truth_items]
        return truth_ratio(self.bank.use(slug(name)), self.bank.tokenizer, asked, self.config.unlearn.max_answer)

    def pooled_laws(self, name: str) -> dict[str, Any]:
        """Mean next-token distributions over the complete sets: forget, retain, and retain in two halves by owner."""
        if name not in self._laws:
            model, tokenizer = self.bank.use(slug(name)), self.bank.tokenizer
            owners = list(dict.fromkeys(i.owner for i in self.corpus.retain))
            half = set(owners[: len(owners) // 2])
            first = [i for i in self.corpus.retain if i.owner in half]
            other = [i for i in self.corpus.retain if i.owner not in half]
            forget, a, b = (
                full_pass_mean(model, encode(tokenizer, x, self.config.unlearn.max_answer), batch_size(tokenizer))
                for x in (self.corpus.forget, first, other)
            )
            retain = (len(first) * a + len(other) * b) / len(self.corpus.retain)
            self._laws[name] = {"forget": forget, "retain": retain, "halves": (a, b)}
        return self._laws[name]

    def triangle(self, name: str) -> dict[str, float]:
        """T14: the pooled divergence to the oracle average on forget prompts, and what three measured terms say of it."""
        own, others = self.pooled_laws(name), [self.pooled_laws(o) for o in oracle_arm(self.oracles, name)]
        oracle = {k: np.mean([o[k] for o in others], axis=0) for k in ("forget", "retain")}
        terms = {
            "forget_against_retain": float(jensen_shannon(own["forget"], own["retain"])),
            "retain_shift": float(jensen_shannon(own["retain"], oracle["retain"])),
            "oracle_forget_against_retain": float(jensen_shannon(oracle["retain"], oracle["forget"])),
        }
        return {
            **terms,
            "direct": float(jensen_shannon(own["forget"], oracle["forget"])),
            "bound": oracle_bound(**terms),
        }

    def marginal(self, name: str) -> dict[str, Any]:
        """Marginal information over the complete sets (T18), with its retain-against-retain floor."""
        laws = self.pooled_laws(name)
        forget, retain, (a, b) = laws["forget"], laws["retain"], laws["halves"]
        share = len(self.corpus.forget) / (len(self.corpus.forget) + len(self.corpus.retain))
        pool = Pool(
            retain,
            mix(retain, forget, share),
            len(self.corpus.retain),
            len(self.corpus.retain) + len(self.corpus.forget),
            {
                **self.metadata(
                    "marginal", name, {"retain": len(self.corpus.retain), "forget": len(self.corpus.forget)}
                ),
                "share": share,
                "finite_population": True,
            },
        )
        certificate = self.certify_pool("marginal", name, pool)
        value = certificate["claim"]["estimate"]
        return {
            "value": value,
            "floor": float(marginal_information(a, b, share)),
            "share": share,
            "forget_total_variation": forget_total_variation(certificate["claim"]["upper"], share),
            "certificate": certificate,
        }

    def matched(self, name: str, forget: ItemScores, unseen: ItemScores) -> dict[str, Any]:
        """Score channel: histogram of the true answer's probability, never-seen questions against forget questions (T27)."""
        p, q = (histogram(s.probability) for s in (unseen, forget))
        pool = Pool(
            p,
            q,
            len(unseen.loss),
            len(forget.loss),
            {
                **self.metadata("matched", name, {"never-seen": len(unseen.loss), "forget": len(forget.loss)}),
                "finite_population": True,
                "access": "truth-probability",
            },
        )
        certificate = self.certify_pool("matched", name, pool)
        authors = (len({i.owner for i in self.unseen}), len({i.owner for i in self.corpus.forget}))
        return {
            "value": certificate["claim"]["estimate"],
            "upper_new_authors": FastRate().upper(
                float(jensen_shannon(p, q)), authors[0], authors[1], self.config.confidence
            ),
            "authors": authors,
            "certificate": certificate,
        }

    def scored_pair(
        self, pair: str, name: str, arm_p: Sequence[str], split: str, n: int, detect: bool = True, exact: bool = True
    ) -> dict[str, Any]:
        """Sample both arms, score both, write the score file, certify, enumerate if possible, set detectors on it.

        `certificates`: under the pair's name the exact one where every output is enumerated, else the sampled one; the sampled one also
        under `PAIR-sampled`. Evidence that contradicts itself stops the run.
        """
        path = self.out / "scores" / f"{slug(name)}-{pair}.parquet"
        prompts, items = self.prompts[split], self.corpus.splits()[split]
        arms = (tuple(arm_p), (name,))
        log_p, log_q = (np.concatenate([self.likelihood(a, split, b, n) for b in arms]) for a in arms)
        of_p, of_q = (self.draws(a, split, n) for a in arms)
        made = Pair(of_p, of_q, log_p, log_q)
        columns = made.columns([f"{split}-{k}" for k in range(len(items))], [i.owner for i in items])
        metadata = {
            **self.metadata(pair, name, {"name": split, "count": len(items)}),
            "arm_p": {a: self.digest(a) for a in arm_p},
            "arm_q": {name: self.digest(name)},
            **STATED,
        }
        write_scores(path, columns, metadata)
        try:
            sampled = self.certify(path, f"{slug(name)}-{pair}")
        except ArgumentError as e:
            raise AuditFailure(f"{path.name}: {e}") from e
        result: dict[str, Any] = {"certificates": {pair: sampled.data()}, "detectors": {}, "problems": []}
        stored = read_scores(path)
        if self.config.scoring.enumerate_exactly:
            result["problems"] += self.compare_with_enumeration(path, stored, sampled, arm_p, name, prompts)
            if exact and pair == "oracle":
                laws = self.exact_pair(pair, name, arm_p, split)
                result["certificates"] = {f"{pair}-sampled": sampled.data(), pair: laws.data()}
        if detect:
            picked = [items[int(i)] for i in made.prompt_index]
            result["detectors"], refuted = self.detect(stored, picked, made.outputs, list(arm_p), name, split, n)
            if refuted:
                # Said in the evidence itself, so that no certificate over it can leave it out.
                result["problems"].append(f"{path.name} refuted by: {refuted}")
                write_scores(path, columns, {**metadata, "refuted_by": refuted})
                result["certificates"][pair] = self.certify(path, f"{slug(name)}-{pair}").data()
        return result

    def compare_with_enumeration(
        self,
        path: Path,
        stored: Any,
        sampled: Certificate,
        arm_p: Sequence[str],
        name: str,
        prompts: Sequence[list[int]],
    ) -> list[str]:
        """Record whether the sampled interval covers the enumerated divergence; a miss at confidence 1 - 1e-6 is a problem."""
        low, high = enumerate_divergence(self.bank, [slug(a) for a in arm_p], [slug(name)], prompts)
        wide = certify_likelihood_ratio(
            stored.log_p, stored.log_q, stored.arm, WIDE, OrderFree(), design="iid"
        ).jsd.interval
        claim = sampled.claim
        sure = wide.lower <= high and low <= wide.upper
        self.coverage.append(
            {
                "file": path.name,
                "low": low,
                "high": high,
                "lower": claim.lower,
                "upper": claim.upper,
                "covered": claim.lower <= high and low <= claim.upper,
                "missed_wide": not sure,
                "wide": [wide.lower, wide.upper],
            }
        )
        if sure:
            return []
        return [
            f"{path.name}: interval [{wide.lower:.5f}, {wide.upper:.5f}] at 1 - 1e-6 misses the enumerated {low:.5f}"
        ]

    def exact_pair(self, pair: str, name: str, arm_p: Sequence[str], split: str) -> Certificate:
        """Option file with the whole law of one sampled answer, and its exact certificate: average, owners and prompts."""
        path = self.out / "scores" / f"{slug(name)}-{pair}-laws.parquet"
        items = self.corpus.splits()[split]
        columns = enumerated_options(
            self.bank,
            ([slug(a) for a in arm_p], [slug(name)]),
            self.prompts[split],
            [(f"{split}-{k}", i.owner) for k, i in enumerate(items)],
            {slug(a): a for a in (*arm_p, name)},
        )
        metadata = {
            **self.metadata(pair, name, {"name": split, "count": len(items)}),
            "arm_p": {a: self.digest(a) for a in arm_p},
            "arm_q": {name: self.digest(name)},
            "access": "one-output",
            "channel": f"whole outputs of at most {self.config.scoring.max_new} tokens",
            "rest": "rest",
            "design": "complete",
        }
        write_options(path, columns, metadata)
        return self.certify(path, f"{slug(name)}-{pair}-exact")

    def detect(
        self,
        stored: Any,
        picked: Sequence[Item],
        outputs: list[list[int]],
        arm_p: Sequence[str],
        name: str,
        split: str,
        n: int,
    ) -> tuple[dict[str, Any], str | None]:
        """Set every origin detector on the rows; name the one that refutes the certificate, if any."""
        texts = [f"{i.prompt} {self.bank.tokenizer.decode(o)}" for i, o in zip(picked, outputs, strict=True)]
        # Rows of an arm are i.i.d. in file order, so halves of an arm are independent samples.
        signals = {
            "optimal likelihood ratio": stored.log_q - stored.log_p,
            "likelihood under the audited model": stored.log_q,
        }
        before = "original" if name != "original" else arm_p[0]
        signals["likelihood under another model"] = np.concatenate(
            [self.likelihood((before,), split, a, n) for a in (tuple(arm_p), (name,))]
        )
        bounds = origin_detectors(texts, stored.arm, signals, 1.0 - self.share)
        ceiling = certify_likelihood_ratio(
            stored.log_p,
            stored.log_q,
            stored.arm,
            1.0 - (1.0 - self.config.confidence) / 4 / self.files,
            OrderFree(),
            design="iid",
        )
        out, refuted = {}, None
        for detector, b in bounds.items():
            out[detector] = {
                "fpr": b.fpr,
                "tpr": b.tpr,
                "accuracy": b.accuracy,
                "jsd_lower": b.jsd_lower,
                "tv_lower": b.total_variation_lower,
            }
            if (
                b.jsd_lower > ceiling.jsd.interval.upper
                or b.total_variation_lower > ceiling.total_variation.interval.upper
            ):
                refuted = detector
        return out, refuted

    def draws(self, arm: tuple[str, ...], split: str, n: int) -> Draws:
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

    def likelihood(self, arm: tuple[str, ...], split: str, drawn_from: tuple[str, ...], n: int) -> Any:
        key = (*arm, "|", *drawn_from, split, str(n))
        if key not in self._likelihoods:
            draws = self.draws(drawn_from, split, n)
            self._likelihoods[key] = log_likelihoods(self.bank, [slug(a) for a in arm], self.prompts[split], draws)
        return self._likelihoods[key]

    def noise_floor(self) -> dict[str, Any]:
        """Oracle against oracle on forget prompts: exact for every two where possible, sampled for the first two.

        `worst_owner`: the largest divergence of one owner between an oracle and the average of the others, which is what a margin for the
        worst owner has to leave to a retraining. None where it was not measured exactly.
        """
        _say("oracle-against-oracle floor")
        a, b = self.oracles[:2]
        made = self.scored_pair("oracle", b, [a], "forget", self.config.scoring.draws, detect=False, exact=False)
        exact, worst = [], None
        if self.config.scoring.enumerate_exactly:
            for x, y in oracle_pairs(self.oracles):
                exact.append(
                    {"pair": [x, y], "enumerated": enumerate_divergence(self.bank, [x], [y], self.prompts["forget"])}
                )
            found = [self.exact_pair("oracle", o, oracle_arm(self.oracles, o), "forget").owners for o in self.oracles]
            worst = max(u.worst_upper for u in found if u is not None)
        return {
            "certificate": made["certificates"]["oracle"],
            "enumerated": exact,
            "worst_owner": worst,
            "problems": made["problems"],
        }

    def oracle_losses(self) -> dict[str, list[float]]:
        """Band of the oracles' losses, for the trajectory figure."""
        return {
            s: [float(self.scores(o, s).loss.mean()) for o in self.oracles] for s in ("forget", "retain", "holdout")
        }

    def metadata(self, pair: str, name: str, prompts: dict[str, Any]) -> dict[str, Any]:
        c = self.config
        return {
            "pair": pair,
            "model": name,
            "weights_sha256": self.digest(name),
            "decoding": decoding(c.scoring.max_new),
            "prompts": prompts,
            "corpus": self.corpus.name,
            "seed": c.seed,
            "versions": {"torch": torch.__version__, "mari": mari_theory.__version__},
        }

    def digest(self, name: str) -> str:
        record = json.loads((self.out / "models" / f"{slug(name)}.json").read_text())
        return str(record["weights_sha256"])

    def certify(self, evidence: Path, name: str) -> Certificate:
        """Certify one evidence file, all numbers at once, and write the certificate."""
        made = certify_files([evidence], self.config.confidence, self.config.margin, simultaneous=True)
        made.save(self.out / "certificates" / f"{name}.json")
        return made

    def certify_pool(self, pair: str, name: str, pool: Pool) -> dict[str, Any]:
        """The same for a pool."""
        path = self.out / "scores" / f"{slug(name)}-{pair}.npz"
        write_pool(path, pool)
        return self.certify(path, f"{slug(name)}-{pair}").data()


def _kept_row(study: Study, role: Role, record: dict[str, Any]) -> dict[str, Any]:
    """The row of one model, measured once as long as the weights it depends on and the library stay the same."""
    path = study.out / "rows" / f"{slug(role.name)}.json"
    asked = dict.fromkeys(["original", *study.oracles, role.name])
    state = {"version": mari_theory.__version__, **{n: study.digest(n) for n in asked}}
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["state"] == state:
            study.coverage += kept["coverage"]
            return dict(kept["row"])
    before = len(study.coverage)
    row: dict[str, Any] = _plain(study.row(role, record))
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps({"state": state, "row": row, "coverage": _plain(study.coverage[before:])}))
    return row


def histogram(probability: Any) -> Any:
    """Share of items in each of 16 equal bins of [0, 1].

    >>> float(histogram(np.array([0.0, 1.0]))[-1])
    0.5
    """
    counts = np.bincount(np.minimum((np.asarray(probability) * BINS).astype(int), BINS - 1), minlength=BINS)
    return counts / counts.sum()


def _prepare(config: RunConfig, out: Path, resume: bool) -> None:
    import os

    ready = out / "config.yaml"
    if out.exists():
        require(out.is_dir(), "out", "a folder", out)
        if ready.is_file():
            same = ready.read_text() == config.dump()
            require(resume, "out", "a new folder, or --resume to continue this run", out)
            require(same, "out", "the same configuration as the run to resume", out)
            return
        require(not any(out.iterdir()), "out", "a new or empty folder", out)
        require(os.access(out, os.W_OK), "out", "a writable folder", out)
    try:
        for part in ("models", "rows", "scores", "certificates", "figures", "prompts", "checkpoints"):
            (out / part).mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ArgumentError("out", "a writable folder", f"{out} ({e.strerror})") from None
    write_text(ready, config.dump())


def _attack(a: Attack) -> dict[str, Any]:
    return {
        "name": a.name,
        "auc": a.auc,
        "low": a.auc_low,
        "high": a.auc_high,
        "tpr_at_1_percent": a.tpr_at_1_percent,
        "tpr_at_01_percent": a.tpr_at_01_percent,
    }


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 2**20


def _plain(x: Any) -> Any:
    if isinstance(x, dict):
        return {str(k): _plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_plain(v) for v in x]
    if isinstance(x, np.generic):
        return _plain(x.item())
    if isinstance(x, float) and not math.isfinite(x):
        return None
    return x


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
