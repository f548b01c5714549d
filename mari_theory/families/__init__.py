"""Laws with known divergences and mutual information: the yardstick of every estimator and property test.

Pairs of arms (`PAIRS`, `DENSITY_PAIRS`, `MARKOV_PAIRS`, `zipf(level)`) have `jsd()`, `sample(arm, n, rng)` and
`log_likelihoods(x)`; joints (`DISCRETE_JOINTS`, `CONTINUOUS_JOINTS`, `MIXED_JOINTS`, `BMI_TASKS`) have
`mutual_information()`, `sample(n, rng)` and `pointwise_information(x, y)`. A new row is picked up by every table of tests.
"""

from mari_theory.families.benchmark import BMI_TASKS as BMI_TASKS
from mari_theory.families.categorical import PAIRS as PAIRS
from mari_theory.families.categorical import CategoricalPair as CategoricalPair
from mari_theory.families.categorical import bernoulli as bernoulli
from mari_theory.families.categorical import binary_erasure as binary_erasure
from mari_theory.families.categorical import binary_symmetric as binary_symmetric
from mari_theory.families.categorical import product as product
from mari_theory.families.categorical import z_channel as z_channel
from mari_theory.families.categorical import zipf as zipf
from mari_theory.families.densities import GaussianMixturePair as GaussianMixturePair
from mari_theory.families.densities import GaussianPair as GaussianPair
from mari_theory.families.densities import LaplacePair as LaplacePair
from mari_theory.families.joints import AdditiveUniform as AdditiveUniform
from mari_theory.families.joints import DiscreteJoint as DiscreteJoint
from mari_theory.families.joints import GaussianJoint as GaussianJoint
from mari_theory.families.joints import Joint as Joint
from mari_theory.families.joints import StudentJoint as StudentJoint
from mari_theory.families.joints import Transformed as Transformed
from mari_theory.families.joints import UniformMixture as UniformMixture
from mari_theory.families.joints import ZeroInflatedPoisson as ZeroInflatedPoisson
from mari_theory.families.joints import channel as channel
from mari_theory.families.joints import gaussian_dense as gaussian_dense
from mari_theory.families.joints import gaussian_pair as gaussian_pair
from mari_theory.families.joints import gaussian_sparse as gaussian_sparse
from mari_theory.families.markov import MarkovPair as MarkovPair

ZIPF_LEVELS: tuple[float, ...] = (1e-8, 1e-6, 1e-4, 1e-2, 0.1, 0.6)
"""JSD levels of the Zipf pairs over 50,000 symbols (`zipf(level)`)."""

DENSITY_PAIRS: dict[str, GaussianPair | GaussianMixturePair | LaplacePair] = {
    "normal, shifted": GaussianPair(0.0, 1.0, 0.3, 1.0),
    "normal, scaled": GaussianPair(0.0, 1.0, 0.0, 1.5),
    "normal mixture": GaussianMixturePair(((0.5, -1.0, 1.0), (0.5, 1.0, 1.0)), ((0.2, -1.0, 0.7), (0.8, 1.2, 1.0))),
    "Laplace": LaplacePair((0.0, 1.0), (0.4, 1.3)),
}

MARKOV_PAIRS: dict[str, MarkovPair] = {
    "two states": MarkovPair((0.5, 0.5), ((0.9, 0.1), (0.2, 0.8)), (0.5, 0.5), ((0.7, 0.3), (0.3, 0.7)), 8),
    "three states": MarkovPair(
        (0.2, 0.3, 0.5),
        ((0.8, 0.1, 0.1), (0.2, 0.6, 0.2), (0.3, 0.3, 0.4)),
        (0.25, 0.3, 0.45),
        ((0.7, 0.2, 0.1), (0.2, 0.6, 0.2), (0.1, 0.5, 0.4)),
        6,
    ),
    "an impossible move": MarkovPair((0.5, 0.5), ((0.5, 0.5), (1.0, 0.0)), (0.5, 0.5), ((0.5, 0.5), (0.5, 0.5)), 5),
}

DISCRETE_JOINTS: dict[str, DiscreteJoint] = {
    "independent": DiscreteJoint(((0.12, 0.28), (0.18, 0.42))),
    "identical": DiscreteJoint(((0.25, 0.0, 0.0), (0.0, 0.25, 0.0), (0.0, 0.0, 0.5))),
    "binary symmetric channel": channel((0.5, 0.5), ((0.9, 0.1), (0.1, 0.9))),
    "binary erasure channel": channel((0.4, 0.6), ((0.7, 0.3, 0.0), (0.0, 0.3, 0.7))),
    "Z channel": channel((0.5, 0.5), ((1.0, 0.0), (0.4, 0.6))),
    "skewed": DiscreteJoint(((0.30, 0.05, 0.05), (0.02, 0.20, 0.08), (0.01, 0.04, 0.25))),
    "rare dependence": DiscreteJoint(((0.98, 0.001), (0.001, 0.018))),
}

CONTINUOUS_JOINTS: dict[str, Joint] = {
    name: BMI_TASKS[name]
    for name in (
        "1v1-normal-0.75",
        "1v1-additive-0.1",
        "1v1-additive-0.75",
        "student-identity-1-1-1",
        "multinormal-dense-2-2-0.5",
        "multinormal-sparse-3-3-2-2.0",
    )
}

MIXED_JOINTS: dict[str, Joint] = {
    "uniform mixture": UniformMixture(5),
    "zero-inflated Poisson": ZeroInflatedPoisson(0.15),
}
