"""Units: every information here is in nats."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

LN2 = math.log(2.0)
"""The largest Jensen-Shannon divergence, nats: one bit. As a float it lies below ln 2."""

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
AnyFloats: TypeAlias = NDArray[np.floating[Any]]
Numbers: TypeAlias = Any
"""A number, a NumPy array or a torch tensor: what functions of one budget take and give."""
FloatValues: TypeAlias = NDArray[np.float64] | np.float64
"""float64 arrays, and the scalars that NumPy makes of zero-dimensional ones."""
