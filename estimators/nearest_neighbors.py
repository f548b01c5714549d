r"""Nearest-neighbour estimates for continuous and mixed data: KSG-1 and KSG-2, Ross, Kozachenko-Leonenko, kNN KL and JSD.

Distances are maximum norms within X and within Y. Counts are exact: "strictly closer" compares the same floating-point
differences everywhere, so ties and offsets of 1e9 are counted as they are, with no noise added. Where a point's k-th neighbour
is at distance 0 (duplicates), its term is the plug-in `ln n c_xy/(c_x c_y)` over the coinciding points, as for a discrete
variable (Gao et al., 2017), so constants give exactly 0, and discrete data with more than k points in every cell exactly the plug-in. Values are never clamped.

No scale is asked of the user: columns whose spreads differ much are brought to one (`marginals.Rescaled`, by powers of two, so that
ties stay ties). Where a column's tails reach far beyond its bulk, the estimate carries a warning and names what reads better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import psi

from estimators.marginals import Marginals, Rescaled, column_names, tail_warnings
from estimators.results import Estimate
from estimators.samples import as_labels, as_points
from mari_theory.errors import require
from mari_theory.units import Floats

Counts = NDArray[np.int64]
_WORKERS = -1
_BRUTE_FORCE = 50_000
_ADVICE = "marginals=Copula() (--marginals copula) reads ranks instead"


def _pair(x: Any, y: Any, k: int) -> tuple[Floats, Floats]:
    require(isinstance(k, int) and k >= 1, "k", "an integer at least 1", k)
    a, b = as_points("x", x), as_points("y", y)
    require(len(a) == len(b), "x, y", "samples of one length", (len(a), len(b)))
    require(len(a) > k, "x, y", f"more than k = {k} samples", len(a))
    return a, b


def _sorted_order(z: Floats) -> NDArray[np.intp]:
    """Rows along a space-filling order of coarse cells, so that neighbouring queries touch the same tree nodes."""
    rank = np.zeros(len(z), dtype=np.int64)
    for axis in range(min(z.shape[1], 3)):
        cell = np.argsort(np.argsort(z[:, axis], kind="stable"), kind="stable") * 256 // len(z)
        spread = np.zeros(len(z), dtype=np.int64)
        for bit in range(8):
            spread |= ((cell >> bit) & 1) << (3 * bit)
        rank |= spread << axis
    return np.argsort(rank, kind="stable")


def counts_within(z: Floats, radius: Floats, strict: bool = True) -> Counts:
    """Number of *other* points closer than each point's own radius (or at most that far), maximum norm; exact.

    >>> counts_within(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 1.5, 1.0])).tolist()
    [0, 2, 0]
    """
    reach = np.nextafter(radius, -np.inf) if strict else radius
    inside = reach >= 0
    if z.shape[1] == 1:
        counts = _counts_on_a_line(z[:, 0], reach)
    else:
        safe = np.where(inside, reach, 0.0)
        counts = _counts_in_space(z, safe)
    return np.where(inside, counts - 1, 0).astype(np.int64)


def _counts_in_space(z: Floats, reach: Floats) -> Counts:
    if len(z) <= _BRUTE_FORCE and find_spec("numba"):
        from estimators._brute_force import count_within

        return np.asarray(count_within(np.ascontiguousarray(z.T), reach))
    tree = KDTree(z, leafsize=64, balanced_tree=False, compact_nodes=False)
    return np.asarray(tree.query_ball_point(z, reach, p=np.inf, return_length=True, workers=_WORKERS))


def _counts_on_a_line(x: Floats, reach: Floats) -> Counts:
    """Points with |x_j - x_i| <= reach_i, itself included: binary search, then corrected to the rounded differences."""
    s = np.sort(x)
    n = s.size
    below = np.searchsorted(s, x - reach, side="left")
    above = np.searchsorted(s, x + reach, side="right")
    # x - reach is rounded; move each end until fl(difference) agrees with the radius. A step or two where it moves at all.
    while True:
        ok = (below > 0) & (x - s[np.maximum(below - 1, 0)] <= reach)
        if not ok.any():
            break
        below = below - ok
    while True:
        bad = (below < n) & (x - s[np.minimum(below, n - 1)] > reach)
        if not bad.any():
            break
        below = below + bad
    while True:
        ok = (above < n) & (s[np.minimum(above, n - 1)] - x <= reach)
        if not ok.any():
            break
        above = above + ok
    while True:
        bad = (above > 0) & (s[np.maximum(above - 1, 0)] - x > reach)
        if not bad.any():
            break
        above = above - bad
    return above - below


def _radius(z: Floats, k: int) -> Floats:
    """Distance to the k-th other point."""
    if z.shape[1] > 2 and len(z) <= _BRUTE_FORCE and find_spec("numba"):
        from estimators._brute_force import nearest

        return np.asarray(nearest(np.ascontiguousarray(z.T), k))
    return _neighbours(z, k)[0]


def _neighbours(z: Floats, k: int) -> tuple[Floats, NDArray[np.intp]]:
    """Distance to the k-th other point and the indices of the k nearest (the point itself removed by rank)."""
    tree = KDTree(z, leafsize=16, balanced_tree=False, compact_nodes=True)
    neighbours: Any = tree.query(z, k=k + 1, p=np.inf, workers=_WORKERS)
    return neighbours[0][:, -1], neighbours[1]


@dataclass(frozen=True)
class KSG:
    r"""Kraskov, Stoegbauer and Grassberger (2004), first or second estimator, in nats.

    .. math:: I_1 = \psi(k) + \psi(n) - \langle \psi(n_x + 1) + \psi(n_y + 1) \rangle, \quad
              I_2 = \psi(k) - 1/k + \psi(n) - \langle \psi(n_x) + \psi(n_y) \rangle

    n_x counts points strictly closer in X than the k-th neighbour in (X, Y) (I_1), or at most as far as the furthest of the k
    neighbours in X (I_2). Invariant under exchange of X and Y, shifts, and one scaling of both, up to rounding (exactly for
    powers of two). Columns whose units lie far apart are rescaled first (`marginals`, default `Rescaled()`); information does not
    change with units (T3). `Copula()` takes ranks: for heavy tails, of which the estimate warns.

    `estimate(x, y)`: arrays (n,) or (n, d) from NumPy, torch, pandas or Arrow. Raises `ArgumentError` on NaN or inf,
    different lengths, n <= k.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=2000)
    >>> abs(KSG().estimate(x, rng.normal(size=2000)).value) < 0.05
    True
    >>> KSG().estimate(x, np.ones(2000)).value
    0.0
    >>> y = 0.9 * x + math.sqrt(0.19) * rng.normal(size=2000)
    >>> round(KSG().estimate(x, y * 1e-6).value, 1) == round(-math.log(0.19) / 2, 1)
    True
    """

    k: int = 4
    """Which neighbour."""
    variant: int = 1
    """1 or 2 of the paper."""
    marginals: Marginals = field(default_factory=Rescaled)
    """What is done to the columns first."""

    @property
    def name(self) -> str:
        """`ksg1` or `ksg2`."""
        return f"ksg{self.variant}"

    def estimate(self, x: Any, y: Any) -> Estimate:
        """Point estimate of I(X; Y)."""
        require(self.variant in (1, 2), "variant", "1 or 2", self.variant)
        a, b = _pair(x, y, self.k)
        both, n, k = self.marginals.prepare(np.hstack([a, b])), len(a), self.k
        warnings = tail_warnings(column_names(x=a, y=b), both, _ADVICE)
        both = both[_sorted_order(both)]
        a, b = np.ascontiguousarray(both[:, : a.shape[1]]), np.ascontiguousarray(both[:, a.shape[1] :])
        radius, index = (_radius(both, k), None) if self.variant == 1 else _neighbours(both, k)
        tied = radius == 0
        if index is None:
            near_x, near_y = counts_within(a, radius), counts_within(b, radius)
            terms = psi(k) + psi(n) - psi(near_x + 1) - psi(near_y + 1)
        else:
            near = []
            for z in (a, b):
                reach = np.zeros(n)
                for column in range(index.shape[1]):
                    np.maximum(reach, np.abs(z[index[:, column]] - z).max(axis=1), out=reach)
                near.append(counts_within(z, reach, strict=False))
            terms = psi(k) - 1 / k + psi(n) - psi(np.maximum(near[0], 1)) - psi(np.maximum(near[1], 1))
        if tied.any():
            terms = np.where(tied, _coincidence_terms(a, b, tied), terms)
        value = math.fsum(terms.tolist()) / n if n <= 100_000 else float(terms.mean())
        if min(np.ptp(a, axis=0).max(), np.ptp(b, axis=0).max()) == 0:
            value = 0.0
        extra = {"k": k, "tied": int(tied.sum()), "marginals": self.marginals.name}
        return Estimate("mutual information", value, n=n, method=self.name, extra=extra, warnings=warnings)


def _coincidence_terms(a: Floats, b: Floats, tied: NDArray[np.bool_]) -> Floats:
    """ln n c_xy/(c_x c_y) over coinciding points, for the tied rows."""
    n = len(a)
    out = np.zeros(n)
    counts = []
    for z in (np.hstack([a, b]), a, b):
        _, inverse, count = np.unique(z, axis=0, return_inverse=True, return_counts=True)
        counts.append(count[inverse.ravel()][tied].astype(float))
    out[tied] = np.log(counts[0] * n / (counts[1] * counts[2]))
    return out


@dataclass(frozen=True)
class Ross:
    r"""Continuous X against discrete Z: `psi(n) + <psi(k_z) - psi(n_z) - psi(m)>` (Ross, 2014), in nats.

    k_z = min(k, n_z - 1); m counts points, itself included, strictly closer than the k_z-th neighbour with the same label
    (at most as far where that is 0). Labels seen once are left out, as in the source, and reported. The columns of X go through
    `marginals`; a single column needs no scale.

    >>> rng = np.random.default_rng(0)
    >>> z = np.repeat([0, 1], 1000)
    >>> abs(Ross().estimate(rng.normal(size=2000) + 10 * z, z).value - math.log(2)) < 1e-3
    True
    """

    k: int = 3
    """Which neighbour."""
    name: str = "ross"
    """Name in results."""
    marginals: Marginals = field(default_factory=Rescaled)
    """What is done to the columns first."""

    def estimate(self, x: Any, z: Any) -> Estimate:
        """Point estimate of I(X; Z)."""
        require(isinstance(self.k, int) and self.k >= 1, "k", "an integer at least 1", self.k)
        a, labels = as_points("x", x), as_labels("z", z)
        require(len(a) == len(labels), "x, z", "samples of one length", (len(a), len(labels)))
        _, label, size = np.unique(labels, return_inverse=True, return_counts=True)
        keep = size[label] > 1
        require(bool(keep.any()), "z", "a label seen at least twice", "only labels seen once")
        a, label = self.marginals.prepare(a[keep]), label[keep]
        n = len(a)
        radius, neighbours = np.empty(n), np.empty(n)
        for value in np.unique(label):
            rows = np.flatnonzero(label == value)
            k = min(self.k, rows.size - 1)
            radius[rows], neighbours[rows] = _neighbours(a[rows], k)[0], k
        tied = radius == 0
        near = counts_within(a, radius) + 1
        terms = psi(n) + psi(neighbours) - psi(size[label]) - psi(near)
        if tied.any():
            terms = np.where(tied, _coincidence_terms(a, label[:, None].astype(float), tied), terms)
        value = float(terms.mean())
        if len(np.unique(label)) == 1 or np.ptp(a, axis=0).max() == 0:
            value = 0.0
        extra = {"k": self.k, "left_out": int(np.sum(~keep)), "marginals": self.marginals.name}
        warnings = _warnings(a, _ADVICE, x=a)
        return Estimate("mutual information", value, n=n, method=self.name, extra=extra, warnings=warnings)


def _warnings(points: Floats, advice: str, **blocks: Floats) -> tuple[str, ...]:
    """Of heavy tails where the neighbours are sought in two dimensions or more; on a line they do no harm."""
    return tail_warnings(column_names(**blocks), points, advice) if points.shape[1] > 1 else ()


@dataclass(frozen=True)
class KozachenkoLeonenko:
    r"""Differential entropy `psi(n) - psi(k) + d <ln 2 r>` with r the k-th neighbour's distance (maximum norm), in nats.

    -inf where more than k points coincide: the law has an atom there. Columns whose units lie far apart are divided by their scales,
    s_j, and the sum of ln s_j is added: h(X) = h(X/s) + sum ln s_j.

    >>> rng = np.random.default_rng(0)
    >>> abs(KozachenkoLeonenko().estimate(rng.random(4000)).value) < 0.05
    True
    """

    k: int = 4
    """Which neighbour."""
    name: str = "kozachenko-leonenko"
    """Name in results."""

    def estimate(self, x: Any) -> Estimate:
        """Point estimate of h(X)."""
        require(isinstance(self.k, int) and self.k >= 1, "k", "an integer at least 1", self.k)
        a = as_points("x", x, self.k + 1)
        scales = Rescaled().scales(a)
        z = a / scales
        radius, _ = _neighbours(z, self.k)
        n, d = a.shape
        log_scale = float(np.log(scales).sum())
        value = -math.inf if (radius == 0).any() else float(psi(n) - psi(self.k) + d * np.log(2 * radius).mean())
        warnings = _warnings(z, "the entropy reads high in several dimensions", x=a)
        return Estimate(
            "differential entropy", value + log_scale, n=n, method=self.name, extra={"k": self.k}, warnings=warnings
        )


@dataclass(frozen=True)
class NearestNeighborKL:
    r"""KL(P || Q) from samples: `d <ln s/r> + ln m/(n-1)`, r and s the k-th neighbour's distance in P and in Q.

    Source: Wang, Kulkarni and Verdu (2009). Both samples' columns go through one map each (`marginals`), which leaves the divergence
    as it is. Raises `ArgumentError` where a distance is 0 (atoms).

    >>> rng = np.random.default_rng(0)
    >>> abs(NearestNeighborKL().estimate(rng.normal(size=4000), rng.normal(size=4000)).value) < 0.1
    True
    """

    k: int = 4
    """Which neighbour."""
    name: str = "knn-kl"
    """Name in results."""
    marginals: Marginals = field(default_factory=Rescaled)
    """What is done to the columns first."""

    def estimate(self, x: Any, y: Any) -> Estimate:
        """Point estimate of KL(law of x || law of y)."""
        require(isinstance(self.k, int) and self.k >= 1, "k", "an integer at least 1", self.k)
        a, b = as_points("x", x, self.k + 1), as_points("y", y, self.k)
        require(a.shape[1] == b.shape[1], "x, y", "points of one dimension", (a.shape[1], b.shape[1]))
        both = self.marginals.prepare(np.vstack([a, b]))
        warnings = _warnings(both, _ADVICE, x=a)
        a, b = both[: len(a)], both[len(a) :]
        radius = _neighbours(a, self.k)[0]
        nearest: Any = KDTree(b).query(a, k=[self.k], p=np.inf, workers=_WORKERS)
        other = nearest[0][:, 0]
        ok = bool((radius > 0).all() and (other > 0).all())
        require(ok, "x, y", "continuous samples (no coinciding points)", "a neighbour at distance 0")
        value = float(a.shape[1] * np.mean(np.log(other / radius)) + math.log(len(b) / (len(a) - 1)))
        extra = {"k": self.k, "marginals": self.marginals.name}
        return Estimate(
            "Kullback-Leibler divergence", value, n=len(a) + len(b), method=self.name, extra=extra, warnings=warnings
        )


@dataclass(frozen=True)
class NearestNeighborJSD:
    """JSD as the mutual information between a point and its arm (T1), by `Ross`, at w = m/(n+m), in nats.

    >>> rng = np.random.default_rng(0)
    >>> abs(NearestNeighborJSD().estimate(rng.normal(size=2000), rng.normal(size=2000)).value) < 0.05
    True
    """

    k: int = 3
    """Which neighbour."""
    name: str = "knn-jsd"
    """Name in results."""
    marginals: Marginals = field(default_factory=Rescaled)
    """What is done to the columns first."""

    def estimate(self, x: Any, y: Any) -> Estimate:
        """Point estimate of the JSD between the laws of x and y."""
        a, b = as_points("x", x, 2), as_points("y", y, 2)
        require(a.shape[1] == b.shape[1], "x, y", "points of one dimension", (a.shape[1], b.shape[1]))
        arm = np.repeat([0, 1], [len(a), len(b)])
        information = Ross(self.k, marginals=self.marginals).estimate(np.vstack([a, b]), arm)
        extra = {"k": self.k, "weight": len(b) / len(arm), "marginals": self.marginals.name}
        return Estimate(
            "Jensen-Shannon divergence",
            information.value,
            n=len(arm),
            method=self.name,
            extra=extra,
            warnings=information.warnings,
        )
