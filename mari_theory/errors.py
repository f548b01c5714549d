"""The one error of the library: which argument, what was allowed, what came."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


class ArgumentError(ValueError):
    """A bad argument or a bad file, told in one line.

    >>> str(ArgumentError("confidence", "a number in (0, 1)", 1.5))
    'confidence: expected a number in (0, 1), got 1.5'
    """

    def __init__(self, argument: str, allowed: str, received: object) -> None:
        self.argument, self.allowed, self.received = argument, allowed, received
        parts = [printable(x)[:most] for x, most in ((argument, 200), (allowed, 400), (str(received), 200))]
        super().__init__("{}: expected {}, got {}".format(*parts))

    def __reduce__(self) -> tuple[type[ArgumentError], tuple[str, str, str]]:
        """Comes back whole from a process of its own, as text."""
        return type(self), (self.argument, self.allowed, str(self.received))


def printable(text: str) -> str:
    r"""One line that any terminal shows as it is: white space is one blank, other control characters are written out.

    >>> printable("a\n b\x1b[2K")
    'a b\\x1b[2K'
    """
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def require(ok: object, argument: str, allowed: str, received: object) -> None:
    """Raise `ArgumentError` unless `ok`."""
    if not ok:
        raise ArgumentError(argument, allowed, received)


def require_fraction(name: str, value: float) -> float:
    """A number strictly between 0 and 1."""
    require(isinstance(value, (int, float)) and 0.0 < value < 1.0, name, "a number in (0, 1)", value)
    return float(value)


def require_own_packages(*names: str) -> None:
    """Raise `ArgumentError` naming the path in the way where one of our packages would be imported from elsewhere.

    A folder `experiments` in the working folder comes before the installed one. Packages that are not installed are passed over.

    >>> require_own_packages("estimators", "proofs")
    """
    ours = Path(__file__).resolve().parent.parent
    for name in names:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).resolve().parent
            require(folder == ours / name, f"package {name}", f"the one in {ours} (work from another folder)", folder)
