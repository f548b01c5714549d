"""Neighbour counts by comparing everything, compiled: in several dimensions it beats a tree up to tens of thousands of points.

Needs numba (`pip install 'mari-theory[fast]'`); `nearest_neighbors` uses its trees where it is absent. Same numbers to the bit.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numba
import numpy as np

_BLOCK = 1024
_ROWS = 16


@numba.njit(parallel=True, nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check  # compiled: run-time checkers must leave it alone
def count_within(columns: Any, reach: Any) -> Any:  # pragma: no cover (compiled)
    """Points, itself included, at maximum-norm distance at most reach_i: columns (d, n), reach (n,)."""
    d, n = columns.shape
    out = np.zeros(n, np.int64)
    for block in numba.prange((n + _ROWS - 1) // _ROWS):
        distance = np.empty(_BLOCK)
        low, high = block * _ROWS, min(n, block * _ROWS + _ROWS)
        for start in range(0, n, _BLOCK):
            width = min(_BLOCK, n - start)
            for i in range(low, high):
                centre = columns[0, i]
                line = columns[0, start : start + width]  # a slice, so that the loop below vectorises
                for j in range(width):
                    distance[j] = abs(line[j] - centre)
                for axis in range(1, d):
                    centre = columns[axis, i]
                    line = columns[axis, start : start + width]
                    for j in range(width):
                        gap = abs(line[j] - centre)
                        distance[j] = gap if gap > distance[j] else distance[j]
                near = 0
                for j in range(width):
                    near += distance[j] <= reach[i]
                out[i] += near
    return out
