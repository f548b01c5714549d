"""Where a method's objective comes from, as every table of methods says."""

from __future__ import annotations

from experiments.methods.base import Method, Origin


def origin_of(method: Method) -> Origin:
    """The origin of a method at its settings, which may leave the paper.

    >>> from experiments.methods import make_method
    >>> origin_of(make_method("npo")), origin_of(make_method("flat", mode="official")), origin_of(make_method("mari-matched"))
    ('paper', 'released code', 'ours')
    """
    return method.origin
