"""The registry: every theorem once, with its assumptions, source and the functions that rest on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theorem:
    """One statement. `functions` are the library's names that rest on it; `sharp` says whether the bound is attained."""

    id: str
    """T and a number."""
    title: str
    """A few words."""
    statement: str
    """What holds, in formulas."""
    assumptions: str
    """What it needs."""
    source: str
    """Who proved it."""
    functions: tuple[str, ...] = ()
    """Names in the library that rest on it."""
    sharp: bool | None = None
    """Is the bound attained? None where that is no question."""


_ROWS = (
    Theorem(
        "T1",
        "Information is a Jensen-Shannon divergence",
        r"I(X;Z) = JSD_w(P,Q) = E_M[h(w) - h(\eta(X))]",
        "Z ~ Bernoulli(w), X | Z from P or Q",
        "Lin 1991",
        ("jensen_shannon", "posterior"),
        True,
    ),
    Theorem(
        "T2", "Range", r"0 \le JSD_w \le h(w)", "w in (0, 1)", "Lin 1991", ("jensen_shannon", "binary_entropy"), True
    ),
    Theorem(
        "T3", "Data processing", r"JSD_w(KP, KQ) \le JSD_w(P, Q)", "K any channel", "textbook", ("audit_counts",), True
    ),
    Theorem(
        "T4",
        "Square root is a metric",
        r"\sqrt{JSD(P,R)} \le \sqrt{JSD(P,Q)} + \sqrt{JSD(Q,R)}",
        "w = 1/2",
        "Endres and Schindelin 2003",
        ("oracle_bound", "certify_pooled"),
        True,
    ),
    Theorem(
        "T5",
        "Accuracy",
        r"\phi(TV) \le JSD \le TV \ln 2",
        "w = 1/2",
        "Fano; Lin 1991",
        ("phi", "max_total_variation", "max_accuracy", "max_accuracy_closed_form", "min_jsd_from_accuracy"),
        True,
    ),
    Theorem(
        "T6",
        "ROC",
        r"JSD(Bern(a), Bern(b)) \le \epsilon",
        "a test with rates (a, b), w = 1/2",
        "T3",
        ("binary_jsd", "max_tpr", "min_jsd_from_rates"),
        True,
    ),
    Theorem(
        "T7",
        "AUC, closed form",
        r"AUC \le (\ln(1+e^k) - \ln 2 + J)/k, \; J(k) = \ln 2 - [Li_2(s) - Li_2(1-s)]/k",
        "w = 1/2, s = 1/(1+e^{-k})",
        "derived here",
        ("max_auc", "frontier_roc", "min_jsd_from_auc"),
        True,
    ),
    Theorem(
        "T8",
        "(epsilon, delta)",
        r"\delta(e) = \max_{JSD(Bern a, Bern b) \le \epsilon} b - e^e a",
        "w = 1/2, both orders",
        "T6; f-DP",
        ("delta", "trade_off", "hockey_stick"),
        True,
    ),
    Theorem(
        "T9", "Residual influence", r"|E_P g - E_Q g| \le osc(g) TV", "g bounded", "textbook", ("functional_gap",), True
    ),
    Theorem(
        "T10",
        "Many outputs",
        r"\ln 2 \, h^2 \le JSD \le h^2; \; acc_n \le \frac12(1 + \sqrt{1 - (1-\epsilon/\ln 2)^{2n}})",
        "independent outputs, w = 1/2",
        "derived here",
        ("min_outputs", "max_accuracy_outputs", "squared_hellinger"),
        False,
    ),
    Theorem(
        "T11",
        "Chain rule along tokens",
        r"I(X_{1:T};Z) = \sum_t E[JSD_{w_t}(P(.|x_{<t}), Q(.|x_{<t}))]",
        "w_t the running posterior",
        "textbook",
        ("chain_rule_information",),
        True,
    ),
    Theorem(
        "T12",
        "Mixture contraction and its inverse",
        r"JSD(P,(1-\rho)P+\rho F) \le \rho JSD(P,F), \; TV(P,F) = TV(P,Q)/\rho",
        "0 < rho <= 1",
        "joint convexity",
        ("marginal_information", "mixture_bound", "forget_total_variation", "mix"),
        True,
    ),
    Theorem(
        "T13",
        "Rounds",
        r"\sqrt{JSD(P_0,P_K)} \le \sum_k \sqrt{JSD(P_{k-1},P_k)}",
        "w = 1/2",
        "T4",
        ("rounds_bound",),
        False,
    ),
    Theorem(
        "T14",
        "From marginal information to the oracle",
        r"\sqrt{JSD(U_F,O_F)} \le \sqrt{JSD(U_F,U_R)} + \sqrt{JSD(U_R,O_R)} + \sqrt{JSD(O_R,O_F)}",
        "pooled laws, w = 1/2",
        "T4",
        ("oracle_bound",),
        False,
    ),
    Theorem(
        "T15",
        "Known likelihoods",
        r"E_M[\ln 2 - h(\eta)] = JSD, \; E_M|2\eta-1| = TV",
        "exact likelihoods, i.i.d. pairs of rows",
        "Waudby-Smith and Ramdas 2024 for the interval",
        ("certify_likelihood_ratio", "information_terms", "Betting", "Hoeffding", "MaurerPontil"),
    ),
    Theorem(
        "T16",
        "Optimal ROC band",
        r"\sup|F_n - F| \le \sqrt{\ln(2/\delta)/2n} \text{ in each arm}",
        "rows i.i.d. within an arm",
        "Massart 1990",
        ("certify_likelihood_ratio", "DKW"),
    ),
    Theorem(
        "T17",
        "Pooled information, fast rate",
        r"JSD \le \frac{\hat F + \ln(1/\delta)/(2lN)}{1 - c_l/l}, \quad c_l = \frac{2^{-l} - 1 + l \ln 2}{\ln 2 - 1/2}",
        "i.i.d. distributions in each arm (independent ones of several laws do, for the averages of the laws), l in (0, 1) fixed before the data, arms independent of each other; for dependent arms N becomes N/2",
        "derived here",
        ("FastRate", "certify_pooled"),
    ),
    Theorem(
        "T18",
        "Finite population",
        r"\text{full pass} \Rightarrow JSD \text{ exact up to rounding}",
        "means over the complete sets",
        "definition",
        ("certify_pooled", "jensen_shannon_enclosure"),
    ),
    Theorem(
        "T19",
        "Audit lower bounds",
        r"JSD \ge JSD(Bern(\overline{a}), Bern(\underline{b}))",
        "detector fixed before the counted rows",
        "T3; Clopper and Pearson 1934",
        ("audit_counts", "audit_scores", "ClopperPearson"),
    ),
    Theorem("T20", "Union over a run", r"P(\cup_i A_i) \le \sum_i \delta_i", "none", "Boole", ("run_audit",)),
    Theorem(
        "T21",
        "Fenchel pairs",
        r"D_f(P\|Q) = \sup_g E_P g^* - E_Q f^*(g^*)",
        "f convex, f(1) = 0",
        "Nguyen, Wainwright and Jordan 2010",
    ),
    Theorem(
        "T22",
        "KL-regularised reward",
        r"\pi^*(y|x) \propto \pi_{ref}(y|x) e^{r(x,y)/\beta}",
        "finite alphabet",
        "textbook",
    ),
    Theorem(
        "T23",
        "Gradient ascent is unbounded, NPO bounded",
        r"\lim_{\beta \to 0} NPO_\beta \propto GA",
        "none",
        "Zhang et al. 2024",
    ),
    Theorem(
        "T24",
        "Gradient of pooled JSD in the logits",
        r"\partial JSD/\partial z",
        "softmax outputs",
        "derived here",
        ("pooled_information",),
    ),
    Theorem(
        "T25",
        "Seeds",
        r"JSD(\bar P, \bar Q) \le \overline{JSD(P_k, Q_l)}",
        "arms averaged over seeds",
        "joint convexity",
        ("run_audit",),
    ),
    Theorem(
        "T26",
        "Blindness of pooling",
        r"\text{pooled } JSD = 0 \text{ with every forget answer memorised}",
        "memorised answers in the retain proportions",
        "derived here",
        ("pooled_information",),
    ),
    Theorem(
        "T27",
        "The reference decides",
        r"I_{retain:forget} = 0 \text{ at memorisation}, \; I_{unseen:forget} = 0 \text{ at the oracle}",
        "a scalar signal of confidence",
        "derived here",
        ("run_audit",),
    ),
    Theorem(
        "T28",
        "Access",
        r"JSD(Bern(\tfrac12-g), Bern(\tfrac12+g)) = O(g^2), \text{ yet told apart by who reads probabilities}",
        "none",
        "derived here",
        ("Certificate",),
    ),
    Theorem(
        "T29",
        "Divergence from counts, from below",
        r"JSD \ge \frac{\hat F - t/(2N) - \ln(1/\delta)/(2lN)}{1 + c_l/l}, \quad c_l = \frac{2^l - 1 - l \ln 2}{\ln 2 - 1/2}",
        "n and m independent symbols of an alphabet of K (also of strata, in the same shares in both arms, for the averages of their laws); t bounds n KL(p|P) + m KL(q|Q); arms independent of each other; for dependent arms N becomes N/2 (t then one arm's bound)",
        "derived here; Agrawal 2020 for t",
        ("certify_counts_jsd",),
        False,
    ),
    Theorem(
        "T30",
        "Entropy and information from counts",
        r"|\hat H - E\hat H| \le \Delta_n \sqrt{n \ln(2/\delta)/2}, \quad 0 \le H - E\hat H \le \ln(1 + (K-1)/n)",
        "n independent symbols of a known alphabet of K; Delta_n the largest change by one symbol",
        "McDiarmid 1989; Paninski 2003",
        ("certify_counts_entropy", "certify_table_mi"),
        False,
    ),
    Theorem(
        "T31",
        "Calibration, and lower ends without trust",
        r"E[(Z - \eta) f(\eta)] = 0 \text{ for every bounded } f; \quad \ln 2 + E \ln \eta'(Z|X) \le JSD \text{ for any claim } \eta'",
        "Z a fair coin; exact likelihoods for the first, none for the second",
        "definition of the posterior; Gibbs",
        ("calibration_terms", "gibbs_terms", "CALIBRATION_FUNCTIONS"),
        True,
    ),
    Theorem(
        "T32",
        "Localisation",
        r"\frac1m \sum_i JSD_i = J \Rightarrow \#\{i : JSD_i \ge t\} \le \min(m, \lfloor m J / t \rfloor)",
        "J bounds the mean over these m prompts (or owners), 0 < t <= ln 2",
        "Markov",
        ("prompts_with_room", "prompts_told_apart"),
        True,
    ),
    Theorem(
        "T33",
        "Mixtures of seeds",
        r"J_k = E \, JSD(\tfrac1k \sum_{i \le k} P_i, \tfrac1k \sum_{i \le k} Q_i): \quad JSD(E P, E Q) \le J_{k+1} \le J_k, \; J_k \to JSD(E P, E Q)",
        "models drawn independently from one law in each arm (exchangeable is enough for the chain); says nothing of one model",
        "leave-one-out averages and joint convexity",
        ("mixture_divergence", "mean_mixture_divergence"),
        True,
    ),
    Theorem(
        "T34",
        "Exchangeable models",
        r"p = \frac{1 + \#\{i : T_i \ge T\}}{K+1}: \; P(p \le a) \le a; \quad \text{power on } m \text{ items} \le a (K+1)^m",
        "the model is one more draw from the law of the K references, any statistic that treats them alike; for the power: exchangeable within each item separately, the model out of line on m items, the references on none",
        "exchangeability; derived here for the power",
        ("rank_p_value", "min_references", "max_power"),
        True,
    ),
    Theorem(
        "T35",
        "Ladder of access",
        r"JSD(P_{1:k}, Q_{1:k}) \le JSD(P_{1:k+1}, Q_{1:k+1}); \quad \frac1m \sum_i JSD(answer_i) \le JSD(owner)",
        "prefixes of one answer, answers of one owner, averaged within the owner first; mixtures of seeds by likelihoods of whole prefixes",
        "T3, T11",
        ("prefix_profile",),
        True,
    ),
    Theorem(
        "T36",
        "Which oracle",
        r"JSD(U A(D), U A(D \setminus F)) \le JSD(A(D), A(D \setminus F)); \quad \sqrt{JSD(W, A(D \setminus F))} \le \sqrt{JSD(W, U A(D \setminus F))} + \sqrt{JSD(U A(D \setminus F), A(D \setminus F))}",
        "laws over models for the first, the same further training U in both arms; any laws for the second, w = 1/2, W the unlearned model",
        "T3, T4; Sekhari et al. 2021 for the processed oracle",
        sharp=True,
    ),
    Theorem(
        "T37",
        "Entropies (self-perplexity)",
        r"|H(P) - H(Q)| \le TV \ln(V-1) + h(TV) \text{ for } TV \le 1 - 1/V, \quad \ln V \text{ beyond}",
        "V symbols",
        "Zhang 2007; Audenaert 2007",
        ("entropy_gap", "entropy_gap_from_jsd", "functional_gap"),
        True,
    ),
    Theorem(
        "T38",
        "Words",
        r"(p - q)^2 \le 2 J (p + q)(2 - p - q) \le \min(4 J (p + q), 2 J)",
        "p and q the probabilities of one word (or any event) in the arms, J = JSD, w = 1/2",
        "derived here, from T5",
        ("max_word_probability", "min_word_probability", "word_gap"),
        False,
    ),
)

THEOREMS: dict[str, Theorem] = {t.id: t for t in _ROWS}
"""All statements by id, in the order of the text."""
