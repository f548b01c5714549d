"""Nearest neighbours and counts by comparing blocks of points, compiled: in several dimensions it beats a tree.

Points come in the order of a space-filling curve; a block whose bounding box is further than the radius is skipped (rounding is
monotone, so nothing within the radius ever is). Needs numba (`pip install 'mari-theory[fast]'`); `nearest_neighbors` uses
its trees where it is absent. Same numbers to the bit.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numba
import numpy as np

_BLOCK = 128


@numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check  # compiled: run-time checkers must leave it alone
def boxes(columns: Any) -> Any:  # pragma: no cover (compiled)
    """Smallest and largest coordinate of every block, (2, d, blocks)."""
    d, n = columns.shape
    blocks = (n + _BLOCK - 1) // _BLOCK
    out = np.empty((2, d, blocks))
    for axis in range(d):
        for b in range(blocks):
            line = columns[axis, b * _BLOCK : min(n, (b + 1) * _BLOCK)]
            out[0, axis, b], out[1, axis, b] = line.min(), line.max()
    return out


@numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check
def _distances(columns: Any, i: int, start: int, width: int, distance: Any) -> None:  # pragma: no cover (compiled)
    centre = columns[0, i]
    line = columns[0, start : start + width]  # a slice, so that the loop below vectorises
    for j in range(width):
        distance[j] = abs(line[j] - centre)
    for axis in range(1, columns.shape[0]):
        centre = columns[axis, i]
        line = columns[axis, start : start + width]
        for j in range(width):
            gap = abs(line[j] - centre)
            distance[j] = gap if gap > distance[j] else distance[j]


@numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check
def _far(columns: Any, box: Any, i: int, b: int, reach: float) -> bool:  # pragma: no cover (compiled)
    for axis in range(columns.shape[0]):
        centre = columns[axis, i]
        if box[0, axis, b] - centre > reach or centre - box[1, axis, b] > reach:
            return True
    return False


@numba.njit(parallel=True, nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check
def count_within(columns: Any, reach: Any) -> Any:  # pragma: no cover (compiled)
    """Points, itself included, at maximum-norm distance at most reach_i: columns (d, n), reach (n,)."""
    n = columns.shape[1]
    box = boxes(columns)
    blocks = box.shape[2]
    out = np.zeros(n, np.int64)
    for own in numba.prange(blocks):
        distance = np.empty(_BLOCK)
        for i in range(own * _BLOCK, min(n, (own + 1) * _BLOCK)):
            near = 0
            for b in range(blocks):
                if _far(columns, box, i, b, reach[i]):
                    continue
                width = min(_BLOCK, n - b * _BLOCK)
                _distances(columns, i, b * _BLOCK, width, distance)
                for j in range(width):
                    near += distance[j] <= reach[i]
            out[i] = near
    return out


@numba.njit(parallel=True, nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check
def nearest(columns: Any, k: int) -> Any:  # pragma: no cover (compiled)
    """Distance to the k-th other point, maximum norm: columns (d, n)."""
    n = columns.shape[1]
    box = boxes(columns)
    blocks = box.shape[2]
    out = np.empty(n)
    for own in numba.prange(blocks):
        distance, best = np.empty(_BLOCK), np.empty(k)
        for i in range(own * _BLOCK, min(n, (own + 1) * _BLOCK)):
            best[:] = np.inf
            for step in range(blocks):
                # The own block first, then outwards on both sides.
                b = own + (step + 1) // 2 if step % 2 else own - step // 2
                b %= blocks
                if _far(columns, box, i, b, best[k - 1]):
                    continue
                width = min(_BLOCK, n - b * _BLOCK)
                _distances(columns, i, b * _BLOCK, width, distance)
                if b == own:
                    distance[i - b * _BLOCK] = np.inf
                low = np.inf
                for j in range(width):
                    low = distance[j] if distance[j] < low else low
                if low >= best[k - 1]:
                    continue
                for j in range(width):
                    value = distance[j]
                    if value < best[k - 1]:
                        place = k - 1
                        while place > 0 and best[place - 1] > value:
                            best[place] = best[place - 1]
                            place -= 1
                        best[place] = value
            out[i] = best[k - 1]
    return out
