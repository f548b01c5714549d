"""Ends of intervals as text: lower ends rounded down and upper ends up, so that what is read is a bound still."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal


def up(x: float, places: int = 4, sign: str = "") -> str:
    """To so many decimal places, never below x; `sign` "+" shows that of positive numbers too.

    >>> up(0.00001), up(-0.00019), up(0.25, sign="+"), up(float("inf"))
    ('0.0001', '-0.0001', '+0.2500', 'inf')
    """
    return _places(x, places, sign, ROUND_CEILING)


def down(x: float, places: int = 4, sign: str = "") -> str:
    """To so many decimal places, never above x.

    >>> down(0.00019), down(-0.00001), down(0.3, 1)
    ('0.0001', '-0.0001', '0.3')
    """
    return _places(x, places, sign, ROUND_FLOOR)


def span(lower: float, upper: float, places: int = 4, word: str = " to ") -> str:
    """Both ends.

    >>> span(0.00019, 0.00021)
    '0.0001 to 0.0003'
    """
    return f"{down(lower, places)}{word}{up(upper, places)}"


def up_to(x: float, digits: int = 2, sign: str = "") -> str:
    """To so many significant digits, never below x.

    >>> up_to(0.0000201), up_to(-0.0119), up_to(0.0), up_to(123.0, sign="+")
    ('2.1e-05', '-0.011', '0', '+1.3e+02')
    """
    return _digits(x, digits, sign, ROUND_CEILING)


def down_to(x: float, digits: int = 2, sign: str = "") -> str:
    """To so many significant digits, never above x.

    >>> down_to(0.0000209), down_to(0.12, 2)
    ('2e-05', '0.12')
    """
    return _digits(x, digits, sign, ROUND_FLOOR)


def _places(x: float, places: int, sign: str, way: str) -> str:
    if not math.isfinite(x):
        return f"{x:{sign}f}"
    return f"{Decimal(repr(float(x))).quantize(Decimal(10) ** -places, way):{sign}zf}"


def _digits(x: float, digits: int, sign: str, way: str) -> str:
    if not math.isfinite(x) or x == 0.0:
        return f"{x:{sign}g}"
    exact = Decimal(repr(float(x)))
    return f"{float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), way)):{sign}.{digits}g}"
