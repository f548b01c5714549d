"""mari_theory: from an information budget to what a detector can do, and the certificate that says so.

Divergences, then what they bound (detectors, words, prompts), then marginal information and sequences, then claims and their checker.
"""

from mari_theory.calibration import CALIBRATION_FUNCTIONS as CALIBRATION_FUNCTIONS
from mari_theory.calibration import CalibrationFunction as CalibrationFunction
from mari_theory.calibration import calibration_terms as calibration_terms
from mari_theory.calibration import gibbs_terms as gibbs_terms
from mari_theory.certificates.certificate import Certificate as Certificate
from mari_theory.certificates.checker import check as check
from mari_theory.consequences import entropy_gap as entropy_gap
from mari_theory.consequences import entropy_gap_from_jsd as entropy_gap_from_jsd
from mari_theory.consequences import max_word_probability as max_word_probability
from mari_theory.consequences import min_word_probability as min_word_probability
from mari_theory.consequences import word_gap as word_gap
from mari_theory.detectability import binary_jsd as binary_jsd
from mari_theory.detectability import delta as delta
from mari_theory.detectability import frontier_roc as frontier_roc
from mari_theory.detectability import functional_gap as functional_gap
from mari_theory.detectability import max_accuracy as max_accuracy
from mari_theory.detectability import max_accuracy_closed_form as max_accuracy_closed_form
from mari_theory.detectability import max_accuracy_outputs as max_accuracy_outputs
from mari_theory.detectability import max_auc as max_auc
from mari_theory.detectability import max_total_variation as max_total_variation
from mari_theory.detectability import max_tpr as max_tpr
from mari_theory.detectability import min_jsd_from_accuracy as min_jsd_from_accuracy
from mari_theory.detectability import min_jsd_from_auc as min_jsd_from_auc
from mari_theory.detectability import min_jsd_from_rates as min_jsd_from_rates
from mari_theory.detectability import min_outputs as min_outputs
from mari_theory.detectability import phi as phi
from mari_theory.detectability import trade_off as trade_off
from mari_theory.divergences import binary_entropy as binary_entropy
from mari_theory.divergences import entropy as entropy
from mari_theory.divergences import hockey_stick as hockey_stick
from mari_theory.divergences import jensen_shannon as jensen_shannon
from mari_theory.divergences import kl as kl
from mari_theory.divergences import pearson as pearson
from mari_theory.divergences import squared_hellinger as squared_hellinger
from mari_theory.divergences import total_variation as total_variation
from mari_theory.errors import ArgumentError as ArgumentError
from mari_theory.localisation import prompts_told_apart as prompts_told_apart
from mari_theory.localisation import prompts_with_room as prompts_with_room
from mari_theory.marginal import forget_total_variation as forget_total_variation
from mari_theory.marginal import marginal_information as marginal_information
from mari_theory.marginal import mix as mix
from mari_theory.marginal import mixture_bound as mixture_bound
from mari_theory.marginal import pooled_information as pooled_information
from mari_theory.marginal import tokenwise_information as tokenwise_information
from mari_theory.privacy_curve import privacy_curve as privacy_curve
from mari_theory.sequences import chain_rule_information as chain_rule_information
from mari_theory.sequences import oracle_bound as oracle_bound
from mari_theory.sequences import posterior as posterior
from mari_theory.sequences import rounds_bound as rounds_bound
from mari_theory.theorems import THEOREMS as THEOREMS
from mari_theory.theorems import Theorem as Theorem

__version__ = "0.2.0"
