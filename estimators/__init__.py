"""estimators: data in, estimates and certified intervals out. Imports without torch."""

from estimators.audit import DetectorBound as DetectorBound
from estimators.audit import audit_counts as audit_counts
from estimators.audit import audit_scores as audit_scores
from estimators.intervals import DKW as DKW
from estimators.intervals import INTERVALS as INTERVALS
from estimators.intervals import Betting as Betting
from estimators.intervals import BoundedMean as BoundedMean
from estimators.intervals import ClopperPearson as ClopperPearson
from estimators.intervals import Hoeffding as Hoeffding
from estimators.intervals import MaurerPontil as MaurerPontil
from estimators.likelihood_ratio import LikelihoodRatioResult as LikelihoodRatioResult
from estimators.likelihood_ratio import RocBand as RocBand
from estimators.likelihood_ratio import certify_likelihood_ratio as certify_likelihood_ratio
from estimators.likelihood_ratio import information_terms as information_terms
from estimators.pooled import BoundedDifferences as BoundedDifferences
from estimators.pooled import FastRate as FastRate
from estimators.pooled import certify_pooled as certify_pooled
from estimators.results import Certified as Certified
from estimators.results import Estimate as Estimate
from estimators.results import Interval as Interval
