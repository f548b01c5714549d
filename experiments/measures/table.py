"""What is measured about every model: one function and one line in a table each. Results, report and command line read the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from estimators.thresholds import threshold_distance
from experiments.measures.context import Measurements
from experiments.measures.items import share_of_uniform_loss, truth_ratio
from experiments.measures.knowledge import owner_means
from experiments.measures.memorisation import extraction_strength, knowledge_memorisation
from experiments.measures.model_log import FORGET
from experiments.measures.result import Number, finite
from experiments.measures.robustness import survival
from experiments.measures.tofu_log import tofu_numbers
from experiments.measures.tofu_metrics import item_truth_ratios
from mari_theory import jensen_shannon, oracle_bound
from mari_theory.ranks import min_references, rank_p_value


@dataclass(frozen=True)
class Measure:
    """One number about a model."""

    name: str
    """Key in `MEASURES` and in results."""
    heading: str
    """Of its column; measures that follow each other under one heading share the column."""
    digits: int
    """Digits after the decimal point."""
    measure: Callable[[Measurements, str], Number]
    """The number of the named model."""
    summary: bool = False
    """Is it a column of the short table too?"""

    def text(self, value: Number) -> str:
        """As tables print it."""
        return "-" if value is None else f"{value:.{self.digits}f}"


@dataclass(frozen=True)
class Group:
    """Numbers about a model that only make sense together: a table of their own."""

    name: str
    """Key in `GROUPS` and in results."""
    title: str
    """Heading of its table in the report."""
    note: str
    """What the report says under the heading."""
    measure: Callable[[Measurements, str], dict[str, Number]]
    """Column -> number of the named model; empty where the group does not apply."""
    digits: int = 3
    """Digits after the decimal point, in columns that are neither `short` nor `counts`."""
    short: tuple[str, ...] = ()
    """Columns printed to two significant digits instead."""
    counts: tuple[str, ...] = ()
    """Columns that are whole numbers."""
    summary: bool = False
    """Does the short table have it as a table below?"""

    def text(self, column: str, value: Number) -> str:
        """As tables print it."""
        if value is None:
            return "-"
        if column in self.counts:
            return f"{value:.0f}"
        return f"{value:.2g}" if column in self.short else f"{value:.{self.digits}f}"


def forget_probability(m: Measurements, name: str) -> Number:
    """Mean over forget answers of the geometric mean probability of a token."""
    return finite(m.scores(name, "forget").probability.mean())


def forget_exact(m: Measurements, name: str) -> Number:
    """Share of forget answers that greedy decoding gives exactly."""
    return finite(m.scores(name, "forget").exact.mean())


def forget_loss(m: Measurements, name: str) -> Number:
    """Mean nats a token of forget answers."""
    return finite(m.scores(name, "forget").loss.mean())


def retain_probability(m: Measurements, name: str) -> Number:
    """As `forget_probability`, on what stays."""
    return finite(m.scores(name, "retain").probability.mean())


def retain_exact(m: Measurements, name: str) -> Number:
    """As `forget_exact`, on what stays."""
    return finite(m.scores(name, "retain").exact.mean())


def rank_p(m: Measurements, name: str) -> Number:
    """Exact p-value of the mean forget loss among retrained models, both tails (T34); none with fewer than 19 of them."""
    others = [o for o in (*m.oracles, *m.shadows) if o != name]
    if len(others) < min_references(0.05):
        return None
    own, *losses = (float(m.scores(x, "forget").loss.mean()) for x in (name, *others))
    return min(1.0, 2.0 * min(rank_p_value(sign * own, [sign * x for x in losses]) for sign in (1.0, -1.0)))


def unseen_loss(m: Measurements, name: str) -> Number:
    """Mean nats a token of answers never trained on."""
    return finite(m.scores(name, "holdout").loss.mean())


def mean_truth_ratio(m: Measurements, name: str) -> Number:
    """Over forget items; from TOFU's log where there is one."""
    if m.tasks:
        return finite(item_truth_ratios(m.tofu_log(name).task(FORGET)).mean())
    questions = m.corpus.forget[: m.config.scoring.truth_items]
    return finite(truth_ratio(m.model(name), m.bank.tokenizer, questions, m.config.unlearn.max_answer))


def rouge_l_forget(m: Measurements, name: str) -> Number:
    """Mean ROUGE-L recall of greedy answers to forget questions; none where no item is asked."""
    s = m.config.scoring
    if not s.rouge_items:
        return None
    questions = m.corpus.forget[: s.rouge_items]
    return finite(knowledge_memorisation(m.model(name), m.bank.tokenizer, questions, s.max_new).mean())


def forget_extraction(m: Measurements, name: str) -> Number:
    """Mean extraction strength of forget answers."""
    scores = extraction_strength(m.model(name), m.bank.tokenizer, m.corpus.forget, m.config.unlearn.max_answer)
    return finite(scores.mean())


def collapse(m: Measurements, name: str) -> Number:
    """Retain loss as a share of ln V: near 1 a model knows nothing any more."""
    return finite(share_of_uniform_loss(float(m.scores(name, "retain").loss.mean()), len(m.bank.tokenizer)))


def best_attack(m: Measurements, name: str) -> Number:
    """The larger of AUC and 1 - AUC over the membership attacks."""
    return finite(max(a.advantage_auc for a in m.attacks(name)))


def triangle(m: Measurements, name: str) -> dict[str, Number]:
    """T14: the pooled divergence to the oracle average on forget prompts, and what three measured terms say of it."""
    own, oracles = m.laws((name,)), m.laws(m.reference)
    forget, retain = oracles.forget, oracles.retain
    terms = {
        "forget_against_retain": float(jensen_shannon(own.forget, own.retain)),
        "retain_shift": float(jensen_shannon(own.retain, retain)),
        "oracle_forget_against_retain": float(jensen_shannon(retain, forget)),
    }
    bound, direct = oracle_bound(**terms), float(jensen_shannon(own.forget, forget))
    columns = dict(zip(TRIANGLE, terms.values(), strict=True))
    return {
        **columns,
        "T14's bound": bound,
        "measured": direct,
        "bound over measured": bound / direct if direct else None,
    }


TRIANGLE = (
    "forget against retain, this model",
    "retain, this model against the oracle",
    "retain against forget, the oracle",
)


def what_survives(m: Measurements, name: str) -> dict[str, Number]:
    """After rounding and relearning: mean answer probabilities, and the loss attack's AUC."""
    if not m.config.scoring.robustness:
        return {}
    c = m.config
    cases = survival(m.model(name), m.bank.tokenizer, m.corpus, m.unseen, c.unlearn.max_answer, c.seed)
    columns = {"forget": "forget p", "retain": "retain p", "auc": "AUC"}
    return {f"{columns[k]}, {case}": finite(v) for case, numbers in cases.items() for k, v in numbers.items()}


def tofu(m: Measurements, name: str) -> dict[str, Number]:
    """As TOFU's authors compute them."""
    if not m.tasks:
        return {}
    numbers = tofu_numbers(m.tofu_log(name), m.tofu_log(m.rival(name)))
    return {
        "questions": numbers["questions"],
        "TOFU forget quality (p)": numbers["forget_quality"],
        "truth ratio": numbers["truth_ratio"],
        "model utility": numbers["model_utility"],
        **{f"p, {task}": p for task, p in numbers["probability"].items()},
    }


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("best_attack", "best attack AUC", 3, best_attack, summary=True),
        Measure("forget_probability", "forget p / exact", 3, forget_probability, summary=True),
        Measure("forget_exact", "forget p / exact", 2, forget_exact, summary=True),
        Measure("retain_probability", "retain p / exact", 3, retain_probability, summary=True),
        Measure("retain_exact", "retain p / exact", 2, retain_exact, summary=True),
        Measure("truth_ratio", "truth ratio", 2, mean_truth_ratio),
        Measure("rouge_l_forget", "ROUGE-L, forget", 2, rouge_l_forget),
        Measure("extraction_strength", "extraction strength", 3, forget_extraction),
        Measure("forget_loss", "loss, forget / never seen", 2, forget_loss),
        Measure("unseen_loss", "loss, forget / never seen", 2, unseen_loss),
        Measure("rank_p", "rank test p", 3, rank_p),
        Measure("collapse", "share of uniform loss", 3, collapse),
    )
}


def score_channel(m: Measurements, name: str) -> dict[str, Number]:
    """What a threshold on an owner's mean loss can tell of owners to forget and owners never seen; owners are the units."""
    unseen, forget = (owner_means(m.items(x), m.scores(name, x).loss) for x in ("holdout", "forget"))
    found = threshold_distance(unseen, forget, m.config.confidence)
    return {
        "owners to forget": len(forget),
        "owners never seen": len(unseen),
        "distance": found.value,
        "at least": found.interval.lower,
        "at most": found.interval.upper,
        "accuracy at most": (1.0 + found.interval.upper) / 2.0,
    }


GROUPS = {
    group.name: group
    for group in (
        Group(
            "triangle",
            "How loose is the way from marginal information to the oracle",
            "T14: three pooled divergences bound the pooled divergence to the oracle average on forget prompts (square roots add). It needs "
            "the oracle for its third term, holds for pooled laws only, and says nothing about a detector that sees the prompt.",
            triangle,
            digits=5,
            short=("bound over measured",),
        ),
        Group(
            "score",
            "A threshold on the loss, owners as units",
            "The rung `score`: the largest difference between the distribution functions of owners' mean losses, owners to forget against "
            "owners never seen, with ends that hold for new owners of both kinds and every threshold at once (Dvoretzky, Kiefer and "
            "Wolfowitz). Few owners leave it wide: that is what few owners can show. No oracle is needed, and never-seen owners stand in "
            "for one (T27): a perfect oracle can read more than 0 here.",
            score_channel,
            counts=("owners to forget", "owners never seen"),
        ),
        Group(
            "survival",
            "Does the forgetting survive?",
            "Weights rounded to 8 and 4 bits, and ten steps of relearning on a quarter of the forgotten authors. Mean probability of the true "
            "answer (for relearning, of authors the attacker did not show) and the larger of AUC and 1 - AUC of the loss attack. What "
            "relearning brings back in an oracle is the attack's own doing.",
            what_survives,
        ),
        Group(
            "tofu",
            "TOFU's own numbers",
            "As its authors compute them. Forget quality is the p-value of a test against a retrained model: large means that no difference "
            "was seen, not that there is none. Model utility is the harmonic mean of probability, ROUGE-L recall and truth ratio on retained "
            "authors, real authors and world facts.",
            tofu,
            short=("TOFU forget quality (p)",),
            counts=("questions",),
            summary=True,
        ),
    )
}
