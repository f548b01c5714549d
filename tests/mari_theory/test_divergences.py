from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import mari_theory as mt
from mari_theory.families import PAIRS, GaussianPair, gaussian_pair
from mari_theory.sequences import chain_rule_information, oracle_bound

mpmath.mp.dps = 200
WEIGHTS = (0.5, 0.444, 0.01)


def exact_jsd(p: np.ndarray, q: np.ndarray, w: float) -> mpmath.mpf:
    """200-digit value of the very numbers in the arrays, normalised exactly."""
    a, b = ([mpmath.mpf(float(x)) for x in v] for v in (p, q))
    sums, w_ = (mpmath.fsum(a), mpmath.fsum(b)), mpmath.mpf(w)
    total = mpmath.mpf(0)
    for x, y in zip(a, b, strict=True):
        x, y = x / sums[0], y / sums[1]
        m = (1 - w_) * x + w_ * y
        total += ((1 - w_) * x * mpmath.log(x / m) if x else 0) + (w_ * y * mpmath.log(y / m) if y else 0)
    return total


def pair_at(target: float, rng: np.random.Generator, dtype: str, k: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Two laws whose JSD is about `target`, exactly representable in `dtype`."""
    p = rng.dirichlet(np.ones(k))
    direction = rng.normal(size=k)
    scale = math.sqrt(8 * target / float((p * direction**2).sum()))
    q = p * np.exp(scale * direction)
    return p.astype(dtype), (q / q.sum()).astype(dtype)


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("exponent", range(1, 13))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_small_divergences_keep_their_digits(
    rng: np.random.Generator, dtype: str, exponent: int, weight: float
) -> None:
    p, q = pair_at(10.0**-exponent, rng, dtype)
    truth = exact_jsd(p, q, weight)
    value = float(mt.jensen_shannon(p, q, weight))
    error = abs(value - float(truth)) / float(truth)
    # float32 inputs below 1e-9 differ from their own normalisation by more than the digits asked for.
    limit = {
        "float64": 1e-9 if exponent <= 10 else 1e-7,
        "float32": 1e-5 if exponent <= 7 else 1e-3 if exponent <= 9 else 0.5,
    }[dtype]
    assert value >= 0
    assert error < limit


@pytest.mark.parametrize("weight", WEIGHTS)
def test_log_probabilities_give_the_same_value(backend, rng: np.random.Generator, weight: float) -> None:
    p, q = pair_at(1e-3, rng, "float64")
    direct = float(mt.jensen_shannon(p, q, weight))
    from_logs = float(mt.jensen_shannon(backend(np.log(p)), backend(np.log(q)), weight, log=True))
    assert from_logs == pytest.approx(direct, rel=1e-4)


def test_entropy_difference_would_fail_where_this_does_not(rng: np.random.Generator) -> None:
    p, q = pair_at(1e-9, rng, "float32")
    m = (p + q) / 2
    naive = float(mt.entropy(m, check=False) - (mt.entropy(p, check=False) + mt.entropy(q, check=False)) / 2)
    truth = float(exact_jsd(p, q, 0.5))
    assert abs(naive - truth) / truth > 1
    assert abs(float(mt.jensen_shannon(p, q)) - truth) / truth < 1e-3


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("function", ["jensen_shannon", "kl", "total_variation", "squared_hellinger", "pearson"])
def test_families_agree_with_200_digits(backend, name: str, function: str) -> None:
    p, q = PAIRS[name].arms()
    a, b = [mpmath.mpf(float(x)) for x in p], [mpmath.mpf(float(x)) for x in q]
    exact = {
        "jensen_shannon": lambda: exact_jsd(p, q, 0.5),
        "kl": lambda: (
            mpmath.inf
            if any(x and not y for x, y in zip(a, b, strict=True))
            else mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(a, b, strict=True) if x)
        ),
        "total_variation": lambda: mpmath.fsum(abs(x - y) for x, y in zip(a, b, strict=True)) / 2,
        "squared_hellinger": lambda: 1 - mpmath.fsum(mpmath.sqrt(x * y) for x, y in zip(a, b, strict=True)),
        "pearson": lambda: (
            mpmath.inf
            if any(x and not y for x, y in zip(a, b, strict=True))
            else mpmath.fsum((x - y) ** 2 / y for x, y in zip(a, b, strict=True) if y)
        ),
    }[function]()
    made = getattr(mt, function)(backend(p), backend(q))
    tolerance = 1e-6 if "float32" in str(made.dtype) else 1e-12
    # The rows of the table are rounded to the backend's precision, which moves tiny divergences.
    slack = 3e-7 if "float32" in str(made.dtype) else 1e-15
    assert float(made) == pytest.approx(float(exact), rel=tolerance, abs=slack)


def test_batches_and_axes_match_single_rows(backend, rng: np.random.Generator) -> None:
    p, q = rng.dirichlet(np.ones(7), size=(3, 4)), rng.dirichlet(np.ones(7), size=(3, 4))
    whole = mt.jensen_shannon(backend(p), backend(q))
    assert tuple(whole.shape) == (3, 4)
    single = mt.jensen_shannon(backend(p[1, 2]), backend(q[1, 2]))
    assert float(whole[1, 2]) == pytest.approx(float(single), rel=1e-6)
    turned = mt.jensen_shannon(backend(np.moveaxis(p, -1, 0)), backend(np.moveaxis(q, -1, 0)), axis=0)
    assert np.allclose(np.asarray(turned), np.asarray(whole), rtol=1e-5)


def test_a_weight_per_row_is_the_scalar_weight_of_that_row(rng: np.random.Generator) -> None:
    p, q = rng.dirichlet(np.ones(5), size=4), rng.dirichlet(np.ones(5), size=4)
    weights = np.array([0.1, 0.5, 0.9, 0.01])
    rows = mt.jensen_shannon(p, q, weights)
    assert np.allclose(rows, [float(mt.jensen_shannon(p[i], q[i], float(weights[i]))) for i in range(4)], rtol=1e-14)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("weight", [0.5, 0.3])
def test_gradients_flow_and_match_finite_differences(log: bool, weight: float) -> None:
    torch = pytest.importorskip("torch")
    logits = torch.randn(3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)

    def value(z: torch.Tensor) -> torch.Tensor:
        laws = torch.log_softmax(z, -1) if log else torch.softmax(z, -1)
        return mt.jensen_shannon(laws[0], laws[1:], weight, log=log, check=False)

    assert torch.autograd.gradcheck(value, (logits,), eps=1e-6, atol=1e-8)
    assert torch.autograd.gradgradcheck(value, (logits,), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("weight", [0.5, 0.2])
@pytest.mark.parametrize("gap", [1e-5, 0.5, 30.0])
def test_single_precision_gradients_keep_their_digits(weight: float, gap: float, rng: np.random.Generator) -> None:
    """The derivative by ln q is w q ln(q/m); near m both factors are small and a plain difference of logarithms is noise."""
    torch = pytest.importorskip("torch")
    log_p = torch.log_softmax(torch.from_numpy(rng.normal(size=(40, 9_001))).float(), -1)
    log_q = torch.log_softmax(log_p + gap * torch.from_numpy(rng.normal(size=log_p.shape)).float(), -1).requires_grad_()
    mt.jensen_shannon(log_p, log_q, weight, log=True, check=False).sum().backward()
    p, q = log_p.double(), log_q.detach().double()
    lifted = torch.expm1(p - q)
    exact = -weight * q.exp() * torch.log1p((1 - weight) * lifted)
    assert log_q.grad is not None
    assert torch.allclose(log_q.grad.double(), exact, rtol=3e-5, atol=1e-37)


def test_batched_gradients_by_function_transforms(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    p, q = (torch.from_numpy(rng.dirichlet(np.ones(5), size=3)) for _ in range(2))
    one_by_one = torch.stack([torch.func.grad(mt.jensen_shannon)(p[0], x, check=False) for x in q])
    slope = torch.func.grad(lambda a, b: mt.jensen_shannon(a, b, check=False))
    assert torch.allclose(torch.func.vmap(slope, in_dims=(None, 0))(p[0], q), one_by_one)
    assert mt.jensen_shannon(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0,)


def test_impossible_outcomes_have_no_slope_in_logarithms() -> None:
    torch = pytest.importorskip("torch")
    p = torch.tensor([-math.inf, -math.inf, 0.0])
    q = torch.tensor([-math.inf, math.log(0.5), math.log(0.5)], requires_grad=True)
    mt.jensen_shannon(p, q, log=True).backward()
    assert q.grad is not None and q.grad.tolist() == pytest.approx([0.0, 0.25 * math.log(2), 0.25 * math.log(2 / 3)])


def test_zero_probabilities_give_finite_gradients() -> None:
    torch = pytest.importorskip("torch")
    logits = torch.tensor([0.0, -math.inf, 1.0], dtype=torch.float64)
    other = torch.tensor([0.0, 1.0, -math.inf], dtype=torch.float64, requires_grad=True)
    mt.jensen_shannon(torch.log_softmax(logits, 0), torch.log_softmax(other, 0), log=True).backward()
    assert not bool(torch.isnan(other.grad[:2]).any())


@pytest.mark.parametrize(
    ("p", "q", "words"),
    [
        ([0.5, 0.5], [0.5, 0.25, 0.25], "same number of outcomes"),
        ([0.5, float("nan")], [0.5, 0.5], "NaN"),
        ([1.5, -0.5], [0.5, 0.5], "non-negative"),
        ([0.5, 0.6], [0.5, 0.5], "sum to 1"),
        ([float("inf"), 0.0], [0.5, 0.5], "sum to 1"),
        ([], [], "at least one outcome"),
    ],
)
def test_bad_distributions_are_told_in_one_line(p: list[float], q: list[float], words: str) -> None:
    with pytest.raises(mt.ArgumentError) as error:
        mt.jensen_shannon(np.array(p, dtype=float), np.array(q, dtype=float))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("weight", [0.0, 1.0, -0.1, float("nan")])
def test_weights_outside_the_open_interval_are_refused(weight: float) -> None:
    with pytest.raises(mt.ArgumentError, match="weight"):
        mt.jensen_shannon(np.array([0.5, 0.5]), np.array([0.5, 0.5]), weight)


def test_gaussian_quadrature_to_twelve_digits() -> None:
    mpmath.mp.dps = 30
    pair = GaussianPair(0.0, 1.0, 0.7, 1.3)

    def density(x: mpmath.mpf, m: float, s: float) -> mpmath.mpf:
        return mpmath.exp(-(((x - m) / s) ** 2) / 2) / (s * mpmath.sqrt(2 * mpmath.pi))

    def term(x: mpmath.mpf) -> mpmath.mpf:
        p, q = density(x, 0.0, 1.0), density(x, 0.7, 1.3)
        m = (p + q) / 2
        return (p * mpmath.log(p / m) + q * mpmath.log(q / m)) / 2

    truth = mpmath.quad(term, list(range(-16, 18, 2)))
    mpmath.mp.dps = 200
    assert pair.jsd() == pytest.approx(float(truth), abs=1e-12)


def test_correlated_gaussian_information_is_what_samples_say(rng: np.random.Generator) -> None:
    family = gaussian_pair(0.6)
    x, y = family.sample(200_000, rng)
    rho = float(np.corrcoef(x[:, 0], y[:, 0])[0, 1])
    assert -0.5 * math.log(1 - rho * rho) == pytest.approx(family.mutual_information(), abs=0.01)


def test_pooled_is_at_most_tokenwise(rng: np.random.Generator) -> None:
    retain, forget = rng.dirichlet(np.ones(9), size=(2, 5))
    pooled = mt.marginal_information(retain.mean(0), forget.mean(0), 0.3)
    assert float(pooled) <= float(mt.tokenwise_information(retain, forget, 0.3))


def test_blindness_of_pooling() -> None:
    """T26: a model that knows every answer by heart reads exactly 0 when the answers have the retain proportions."""
    memorised = np.eye(4)
    assert float(mt.pooled_information(np.full((8, 4), 0.25), memorised)) == 0.0
    assert float(mt.jensen_shannon(np.full((4, 4), 0.25), memorised).mean()) > 0.3


def test_a_small_marginal_information_bounds_nothing_at_a_small_share() -> None:
    assert mt.forget_total_variation(0.01, 0.05) == 1.0
    assert mt.forget_total_variation(0.0001, 0.5) < 0.03


def test_oracle_bound_is_the_triangle() -> None:
    assert oracle_bound(0.01, 0.0, 0.0) == pytest.approx(0.01)
    assert oracle_bound(0.3, 0.3, 0.3) == math.log(2)


def test_chain_rule_in_torch_keeps_gradients() -> None:
    torch = pytest.importorskip("torch")
    logits = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    rows = torch.log_softmax(logits, -1)
    chain_rule_information(rows[0], rows[1], torch.tensor([0, 1, 2])).backward()
    assert bool(torch.isfinite(logits.grad).all())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_arrays_agree_with_rows_taken_alone(dtype: str, rng: np.random.Generator) -> None:
    """Beyond a million entries another loop may run; zeros, equal rows and tiny differences included."""
    p = rng.dirichlet(np.full(25_007, 0.05), 44).astype(dtype)
    q = (p * rng.lognormal(0, 1e-4, p.shape)).astype(dtype)
    q[0], q[1] = p[0], p[0, ::-1]
    p[2, : p.shape[1] // 2], q[2, p.shape[1] // 2 :] = 0, 0
    p /= p.sum(axis=1, keepdims=True)
    q /= q.sum(axis=1, keepdims=True)
    whole = mt.jensen_shannon(p, q)
    alone = np.array([mt.jensen_shannon(a, b) for a, b in zip(p, q, strict=True)])
    assert whole == pytest.approx(alone, rel=1e-13 if dtype == "float64" else 2e-5)
    assert whole[0] < 1e-13 and whole[2] == pytest.approx(math.log(2), rel=1e-6)
