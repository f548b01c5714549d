"""Hypothesis strategies for laws, pairs, joints and channels, zeros and near-equality included (needs `hypothesis`).

Finite laws with rational weights (`finite_laws`, `finite_pairs`) come with every sample they can produce and its exact
probability (`finite_samples`, `finite_counts`): the coverage of an interval is then a sum, not a simulation.

>>> from hypothesis import given
>>> from mari_theory.strategies import pairs
>>> @given(pairs())
... def test(pair):
...     assert 0.0 <= float(jensen_shannon(*pair)) <= 0.6931471805599454
>>> from mari_theory import jensen_shannon
>>> test()
"""

from mari_theory.strategies.evidence import json_edits as json_edits
from mari_theory.strategies.evidence import option_rows as option_rows
from mari_theory.strategies.evidence import pooled_means as pooled_means
from mari_theory.strategies.evidence import score_rows as score_rows
from mari_theory.strategies.finite import FiniteLaw as FiniteLaw
from mari_theory.strategies.finite import categorical as categorical
from mari_theory.strategies.finite import compositions as compositions
from mari_theory.strategies.finite import finite_counts as finite_counts
from mari_theory.strategies.finite import finite_laws as finite_laws
from mari_theory.strategies.finite import finite_pairs as finite_pairs
from mari_theory.strategies.finite import finite_samples as finite_samples
from mari_theory.strategies.finite import law_of as law_of
from mari_theory.strategies.finite import likelihood_rows as likelihood_rows
from mari_theory.strategies.finite import product_samples as product_samples
from mari_theory.strategies.laws import budgets as budgets
from mari_theory.strategies.laws import channels as channels
from mari_theory.strategies.laws import joints as joints
from mari_theory.strategies.laws import laws as laws
from mari_theory.strategies.laws import pairs as pairs
from mari_theory.strategies.laws import weights as weights
from mari_theory.strategies.samples import bounded_samples as bounded_samples
from mari_theory.strategies.samples import confidences as confidences
from mari_theory.strategies.samples import permutations as permutations
