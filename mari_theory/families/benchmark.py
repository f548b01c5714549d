"""The tasks of the BMI benchmark (Czyz et al., 2023), all forty, with the same names and parameters."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

from mari_theory.families.joints import (
    AdditiveUniform,
    Joint,
    StudentJoint,
    Transformed,
    gaussian_dense,
    gaussian_pair,
    gaussian_sparse,
)
from mari_theory.units import Floats


def half_cube(x: Floats) -> Floats:
    """sign(x) |x|^(3/2): longer tails."""
    return x * np.sqrt(np.abs(x))


def wiggly_x(x: Floats) -> Floats:
    """An increasing map with waves."""
    return x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5)


def wiggly_y(x: Floats) -> Floats:
    """Another increasing map with waves."""
    return x - 0.4 * np.sin(0.4 * x) + 0.17 * np.sin(1.3 * x + 3.5) + 0.02 * np.sin(4.3 * x - 2.5)


def swiss_roll(u: Floats) -> Floats:
    """[0, 1] rolled up in the plane, shape (n, 1) to (n, 2)."""
    t = 1.5 * math.pi * (1 + 2 * u[:, 0])
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 21.0


def spiral(first: int, second: int, speed: float) -> Callable[[Floats], Floats]:
    """Rotation of two coordinates by the angle speed |x|^2."""

    def turn(x: Floats) -> Floats:
        angle = speed * np.sum(x * x, axis=1)
        out = x.copy()
        out[:, first] = np.cos(angle) * x[:, first] - np.sin(angle) * x[:, second]
        out[:, second] = np.sin(angle) * x[:, first] + np.cos(angle) * x[:, second]
        return out

    return turn


def normal_mixture_quantile(share: float, mean_a: float, mean_b: float) -> Callable[[Floats], Floats]:
    """Quantile function of share N(mean_a, 1) + (1 - share) N(mean_b, 1), by bisection."""

    def quantile(u: Floats) -> Floats:
        low, high = np.full_like(u, -10.0), np.full_like(u, 15.0)
        for _ in range(60):
            middle = (low + high) / 2
            below = share * ndtr(middle - mean_a) + (1 - share) * ndtr(middle - mean_b) < u
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    return quantile


def _both(base: Joint, f: Callable[[Floats], Floats]) -> Transformed:
    return Transformed(base, f, f)


def _spiral(base: Joint, dim: int) -> Transformed:
    return Transformed(base, spiral(0, 1, 1.0 / dim), spiral(1, 2, 1.0 / dim))


def _tasks() -> dict[str, Joint]:
    normal = gaussian_pair(0.75)
    uniform = _both(normal, ndtr)
    student = StudentJoint(1, 1, 1.0)
    tasks: dict[str, Joint] = {
        "1v1-normal-0.75": normal,
        "normal_cdf-1v1-normal-0.75": uniform,
        "1v1-additive-0.1": AdditiveUniform(0.1),
        "1v1-additive-0.75": AdditiveUniform(0.75),
        "1v1-bimodal-0.75": Transformed(
            uniform, normal_mixture_quantile(0.3, 0.0, 5.0), normal_mixture_quantile(0.5, -1.0, 3.0)
        ),
        "wiggly-1v1-normal-0.75": Transformed(normal, wiggly_x, wiggly_y),
        "half_cube-1v1-normal-0.75": _both(normal, half_cube),
        "student-identity-1-1-1": student,
        "asinh-student-identity-1-1-1": _both(student, np.arcsinh),
        "swissroll_x-normal_cdf-1v1-normal-0.75": Transformed(uniform, swiss_roll, lambda y: y),
    }
    for d in (2, 3, 5, 25, 50):
        tasks[f"multinormal-dense-{d}-{d}-0.5"] = gaussian_dense(d, d)
    for d in (2, 3, 5, 25):
        tasks[f"multinormal-sparse-{d}-{d}-2-2.0"] = gaussian_sparse(d, d)
    for d, degrees in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3)):
        tasks[f"student-identity-{d}-{d}-{degrees}"] = StudentJoint(d, d, float(degrees))
    for d in (3, 5, 25):
        base = gaussian_sparse(d, d)
        name = f"multinormal-sparse-{d}-{d}-2-2.0"
        uniform_margins = _both(base, ndtr)
        tasks[f"normal_cdf-{name}"] = uniform_margins
        tasks[f"half_cube-{name}"] = _both(base, half_cube)
        tasks[f"spiral-{name}"] = _spiral(base, d)
        tasks[f"spiral-normal_cdf-{name}"] = _spiral(uniform_margins, d)
    for d, degrees in ((2, 1), (3, 2), (5, 2)):
        tasks[f"asinh-student-identity-{d}-{d}-{degrees}"] = _both(StudentJoint(d, d, float(degrees)), np.arcsinh)
    return tasks


BMI_TASKS: dict[str, Joint] = _tasks()
"""The benchmark's tasks by their own names."""
