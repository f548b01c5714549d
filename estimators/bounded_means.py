"""The table of intervals for bounded means; every coverage test runs over it."""

from __future__ import annotations

from estimators.intervals import Betting, BoundedMean, Hoeffding, MaurerPontil
from estimators.order_free import OrderFree

INTERVALS: dict[str, BoundedMean] = {
    "order-free": OrderFree(),
    "betting": Betting(),
    "betting-anytime": Betting(anytime=True),
    "maurer-pontil": MaurerPontil(),
    "hoeffding": Hoeffding(),
}
"""By command-line name. `order-free` and `hoeffding` need independent terms only, the others a sample drawn at random."""
