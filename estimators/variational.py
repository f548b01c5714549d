r"""Variational estimates of mutual information with a trained critic, and what a critic can certify on held-out data.

With T(x, y) a critic, P the joint law and R the product of the margins, in nats:

* Donsker-Varadhan (MINE): `E_P T - ln E_R e^T`; NWJ: `E_P T - E_R e^{T-1}`; both are lower bounds *in expectation over the
  laws*, not on a sample: `ln` of a mean over few points of a heavy-tailed e^T is far too small (see `DonskerVaradhan`).
* InfoNCE: mean of `T(x_i, y_i) - ln mean_j e^{T(x_i, y_j)}`, at most ln(batch); SMILE: Donsker-Varadhan with T clipped
  in the second term, no bound at all; JS: NWJ evaluated on a critic trained by the Jensen-Shannon objective.
* CLUB: `E_P ln q(y|x) - E_R ln q(y|x)` with a Gaussian regression q, an upper bound only when q is the true conditional.

`certify_critic_mi` and `certify_critic_jsd` turn any *bounded* critic into a lower bound that holds at finite n.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from estimators.intervals import Betting, BoundedMean
from estimators.results import Certified, Estimate, Interval
from estimators.samples import as_points
from mari_theory.errors import require, require_fraction
from mari_theory.units import LN2, Floats


@dataclass(frozen=True)
class Training:
    """How a critic is trained: Adam, early stopping on a held-out fifth, the best weights kept.

    `critic(dim_x, dim_y)` builds any torch module called as `module(x, y)` with (n, dim) tensors, returning (n,); the
    default is a multilayer perceptron on the pair. `device` None picks a GPU when there is one. `progress` shows a bar.
    """

    critic: Callable[[int, int], Any] | None = None
    """Builds a module called as `module(x, y)`; None for a multilayer perceptron on the pair."""
    hidden: int = 64
    """Width of that perceptron."""
    steps: int = 4000
    """Most steps."""
    batch: int = 256
    """Pairs a step."""
    learning_rate: float = 1e-3
    """Adam's."""
    patience: int = 10
    """Looks without improvement before stopping."""
    check_every: int = 100
    """Steps between looks."""
    seed: int = 0
    """Of split, weights and batches."""
    device: str | None = None
    """None picks a GPU where there is one."""
    progress: bool = False
    """Show a bar?"""


def _standardised(x: Floats) -> Floats:
    """Ranks to normal scores, column by column: an injective map, so the information is unchanged; tails become harmless."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return ndtri((rankdata(x, axis=0) - 0.5) / len(x))


def _default_critic(dim_x: int, dim_y: int, hidden: int) -> Any:
    from mari_theory.kernels.autograd import torch

    class Pair(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(dim_x + dim_y, hidden),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden, hidden),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden, 1),
            )

        def forward(self, x: Any, y: Any) -> Any:
            return self.layers(torch.cat([x, y], dim=-1)).squeeze(-1)

    return Pair()


@dataclass(frozen=True)
class _Variational(ABC):
    """Split, train on one part, stop early on the second, evaluate on the third: a half, a quarter, a quarter."""

    training: Training = field(default_factory=Training)
    name: ClassVar[str] = ""
    direction: ClassVar[str] = "lower bound"

    def estimate(self, x: Any, y: Any) -> Estimate:
        """Point estimate on rows the critic never saw; raises `ArgumentError` on NaN, different lengths, n < 40."""
        from tqdm import tqdm

        from mari_theory.kernels.autograd import torch

        a, b = as_points("x", x, 40), as_points("y", y, 40)
        require(len(a) == len(b), "x, y", "samples of one length", (len(a), len(b)))
        t = self.training
        device = t.device or ("cuda" if torch.cuda.is_available() else "cpu")
        state = torch.random.get_rng_state()
        torch.manual_seed(t.seed)
        try:
            rng = np.random.default_rng(t.seed)
            order = rng.permutation(len(a))
            parts = np.split(order, [len(a) // 2, 3 * len(a) // 4])
            data = [
                [torch.tensor(_standardised(v)[rows], dtype=torch.float32, device=device) for v in (a, b)]
                for rows in parts
            ]
            model = self._model(a.shape[1], b.shape[1]).to(device)
            optimizer = torch.optim.Adam(model.parameters(), lr=t.learning_rate)
            best, weights, waits, steps = -math.inf, None, 0, 0
            for step in tqdm(range(t.steps), desc=self.name, disable=not t.progress):
                rows = torch.as_tensor(rng.integers(len(parts[0]), size=min(t.batch, len(parts[0]))), device=device)
                loss = -self._objective(model, data[0][0][rows], data[0][1][rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                steps = step + 1
                if steps % t.check_every == 0:
                    with torch.no_grad():
                        score = float(self._objective(model, *data[1]))
                    require(math.isfinite(score), "training", "a finite objective", f"{score} at step {steps}")
                    if score > best:
                        best, waits = score, 0
                        weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
                    else:
                        waits += 1
                        if waits >= t.patience:
                            break
            if weights is not None:
                model.load_state_dict(weights)
            with torch.no_grad():
                value = float(self._value(model, *data[2]))
        finally:
            torch.random.set_rng_state(state)
        return Estimate(
            "mutual information",
            value,
            n=len(a),
            method=self.name,
            direction=self.direction,
            assumptions=("the direction holds for expectations under the laws, not for this sample",),
            extra={"steps": steps, "held_out": len(parts[2])},
        )

    def _model(self, dim_x: int, dim_y: int) -> Any:
        build = self.training.critic
        return build(dim_x, dim_y) if build else _default_critic(dim_x, dim_y, self.training.hidden)

    @abstractmethod
    def _objective(self, model: Any, x: Any, y: Any) -> Any:
        """What training raises, on a batch of pairs."""

    def _value(self, model: Any, x: Any, y: Any) -> Any:
        return self._objective(model, x, y)


def _scores(model: Any, x: Any, y: Any, shifts: int = 8) -> tuple[Any, Any]:
    """T on the pairs, and on `shifts` cyclic re-pairings, (n,) and (shifts, n)."""
    from mari_theory.kernels.autograd import torch

    joint = model(x, y)
    n = len(x)
    steps = sorted({1 + i * max(1, (n - 1) // shifts) for i in range(min(shifts, n - 1))})
    return joint, torch.stack([model(x, torch.roll(y, s, dims=0)) for s in steps if s < n])


def _log_mean_exp(t: Any) -> Any:
    return t.flatten().logsumexp(0) - math.log(t.numel())


@dataclass(frozen=True)
class DonskerVaradhan(_Variational):
    """MINE's objective with exact gradients. Source: Donsker and Varadhan (1983); Belghazi et al. (2018).

    Not a bound on a sample. Take P = R (information 0) and e^T = 10,000 on an event of probability 1/100, 1 elsewhere: the
    functional itself is -4.5, but of samples of 100 in each arm a quarter have the event in the joint arm only, and then the
    value is at least 0.09 > 0 (`tests/estimators/test_variational.py` runs it).
    """

    name: ClassVar[str] = "dv"

    def _objective(self, model: Any, x: Any, y: Any) -> Any:
        joint, product = _scores(model, x, y)
        return joint.mean() - _log_mean_exp(product)


@dataclass(frozen=True)
class NWJ(_Variational):
    """E_P T - E_R e^{T-1}. Source: Nguyen, Wainwright and Jordan (2010)."""

    name: ClassVar[str] = "nwj"

    def _objective(self, model: Any, x: Any, y: Any) -> Any:
        joint, product = _scores(model, x, y)
        return joint.mean() - (_log_mean_exp(product) - 1).exp()


@dataclass(frozen=True)
class SMILE(_Variational):
    """Trained by the Jensen-Shannon objective, valued by Donsker-Varadhan with T clipped to [-tau, tau] in the second term.

    Source: Song and Ermon (2020). No bound.
    """

    clip: float = 5.0
    """Scores are cut here in the second term."""
    name: ClassVar[str] = "smile"
    direction: ClassVar[str] = "none"

    def _objective(self, model: Any, x: Any, y: Any) -> Any:
        return _jensen_shannon_objective(model, x, y)

    def _value(self, model: Any, x: Any, y: Any) -> Any:
        joint, product = _scores(model, x, y)
        return joint.mean() - _log_mean_exp(product.clamp(-self.clip, self.clip))


@dataclass(frozen=True)
class JensenShannonCritic(_Variational):
    """Critic of the Jensen-Shannon objective, valued by NWJ with T + 1. Source: Hjelm et al. (2019); Poole et al. (2019)."""

    name: ClassVar[str] = "js"

    def _objective(self, model: Any, x: Any, y: Any) -> Any:
        return _jensen_shannon_objective(model, x, y)

    def _value(self, model: Any, x: Any, y: Any) -> Any:
        joint, product = _scores(model, x, y)
        return 1 + joint.mean() - _log_mean_exp(product).exp()


def _jensen_shannon_objective(model: Any, x: Any, y: Any) -> Any:
    from mari_theory.kernels.autograd import torch

    softplus = torch.nn.functional.softplus
    joint, product = _scores(model, x, y)
    return -softplus(-joint).mean() - softplus(product).mean()


@dataclass(frozen=True)
class InfoNCE(_Variational):
    """mean T(x_i, y_i) - ln mean_j e^{T(x_i, y_j)}: at most ln of the batch. Source: van den Oord et al. (2018)."""

    name: ClassVar[str] = "infonce"
    rows: ClassVar[int] = 64

    def _objective(self, model: Any, x: Any, y: Any) -> Any:
        from mari_theory.kernels.autograd import torch

        values = []
        for start in range(0, len(x), self.rows):
            u, v = x[start : start + self.rows], y[start : start + self.rows]
            n = len(u)
            if n < 2:
                continue
            grid = model(u.repeat_interleave(n, dim=0), v.repeat(n, 1)).reshape(n, n)
            values.append((grid.diagonal() - grid.logsumexp(1) + math.log(n)).mean())
        return torch.stack(values).mean()


@dataclass(frozen=True)
class CLUB(_Variational):
    """Upper bound when q(y|x), a Gaussian regression, is the true conditional. Source: Cheng et al. (2020).

    Loose even then: its limit for a bivariate normal is rho^2/(1 - rho^2) against -ln(1 - rho^2)/2.
    """

    name: ClassVar[str] = "club"
    direction: ClassVar[str] = "upper bound"

    def _model(self, dim_x: int, dim_y: int) -> Any:
        from mari_theory.kernels.autograd import torch

        h = self.training.hidden
        return torch.nn.Sequential(torch.nn.Linear(dim_x, h), torch.nn.ReLU(), torch.nn.Linear(h, 2 * dim_y))

    def _log_q(self, model: Any, x: Any, y: Any) -> Any:
        mean, log_scale = model(x).chunk(2, dim=-1)
        log_scale = log_scale.clamp(-6, 6)
        return (-0.5 * ((y - mean) * (-log_scale).exp()) ** 2 - log_scale).sum(-1)

    def _objective(self, model: Any, x: Any, y: Any) -> Any:
        return self._log_q(model, x, y).mean()

    def _value(self, model: Any, x: Any, y: Any) -> Any:
        from mari_theory.kernels.autograd import torch

        terms = [self._log_q(model, x, torch.roll(y, s, dims=0)).mean() for s in range(1, min(17, len(x)))]
        return self._log_q(model, x, y).mean() - torch.stack(terms).mean()


VARIATIONAL: dict[str, type[_Variational]] = {
    c.name: c for c in (DonskerVaradhan, NWJ, InfoNCE, SMILE, JensenShannonCritic, CLUB)
}
"""Variational estimators by command-line name."""

HELD_OUT = (
    "the critic was fixed before these rows were seen",
    "rows are independent draws; rows of the product come from pairs that were not used in the joint sample",
)


def certify_critic_mi(
    joint: Float[np.ndarray, " n"],
    product: Float[np.ndarray, " m"],
    bound: float,
    confidence: float = 0.95,
    interval: BoundedMean | None = None,
) -> Certified:
    r"""Lower bound on I(X; Y) from a bounded critic's scores on held-out rows (T19), in nats.

    .. math:: I \ge E_P T - \ln E_R e^T, \quad |T| \le B

    `joint` are T on n held-out pairs, `product` T on m independent pairs of the product law (x of one row, y of
    another, each row used once), clipped to [-bound, bound]. Each mean gets its own finite-sample interval at half the level,
    so the result is a bound, which the plain Donsker-Varadhan or NWJ value is not.

    >>> rng = np.random.default_rng(0)
    >>> print(certify_critic_mi(rng.normal(2, 0.1, 4000), rng.normal(-2, 0.1, 4000), 3.0).interval.lower > 1.5)
    True
    """
    require(math.isfinite(bound) and bound > 0, "bound", "a positive number", bound)
    half = 1.0 - (1.0 - require_fraction("confidence", confidence)) / 2
    method = Betting() if interval is None else interval
    t, r = (np.clip(as_points(n, v)[:, 0], -bound, bound) for n, v in (("joint", joint), ("product", product)))
    first = method.interval(t, half, -bound, bound)
    second = method.interval(np.exp(r), half, 0.0, math.exp(bound) * (1 + 1e-15))
    lower = first.lower - math.log(second.upper)
    value = float(t.mean()) - math.log(float(np.exp(r).mean()))
    ends = Interval(max(0.0, lower - 1e-12), math.inf, confidence, f"critic-{method.name}", "T19", HELD_OUT)
    return Certified("mutual information", value, ends, t.size + r.size, method="dv held out", direction="lower bound")


def certify_critic_jsd(
    scores_p: Float[np.ndarray, " n"],
    scores_q: Float[np.ndarray, " m"],
    clip: float = 1e-3,
    confidence: float = 0.95,
    interval: BoundedMean | None = None,
) -> Certified:
    r"""Lower bound on JSD(P, Q) from any classifier's held-out probabilities of Q (T19, T21), in nats.

    .. math:: JSD \ge \ln 2 + \tfrac12 E_P \ln(1 - D) + \tfrac12 E_Q \ln D, \quad clip \le D \le 1 - clip

    Finer than the confusion counts of `audit_counts`: it uses the confidence of the classifier. Attained by D = eta.

    >>> certify_critic_jsd(np.full(3000, 0.1), np.full(3000, 0.9)).interval.lower > 0.5
    True
    """
    require(0 < clip < 0.5, "clip", "a number in (0, 1/2)", clip)
    half = 1.0 - (1.0 - require_fraction("confidence", confidence)) / 2
    method = Betting() if interval is None else interval
    ends, means = [], []
    for name, scores in (("scores_p", scores_p), ("scores_q", scores_q)):
        d = as_points(name, scores)[:, 0]
        require(bool(np.all((d >= 0) & (d <= 1))), name, "probabilities", "a value outside [0, 1]")
        d = np.clip(1 - d if name == "scores_p" else d, clip, 1 - clip)
        terms = np.log(d)
        low, high = math.log(clip) - 1e-12, math.log1p(-clip) + 1e-12
        ends.append(method.interval(terms, half, low, high).lower)
        means.append(float(terms.mean()))
    n = np.size(scores_p) + np.size(scores_q)
    lower = LN2 + 0.5 * sum(ends)
    held_out = Interval(max(0.0, lower - 1e-12), LN2, confidence, f"critic-{method.name}", "T19", HELD_OUT)
    return Certified(
        "Jensen-Shannon divergence", LN2 + 0.5 * sum(means), held_out, n, method="critic", direction="lower bound"
    )
