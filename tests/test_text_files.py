"""What pre-commit asks of text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.text_files import main


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.py", b"x = 1", "no newline"),
        ("a.py", b"x = 1\n\n", "empty lines"),
        ("a.md", b"\n", "empty lines"),
        ("a.yaml", b"a: [\n", "YAML"),
        ("a.yml", b"a: 1\nb: {\n", "YAML"),
        ("a.py", b"x = 1\n", None),
        ("a.yaml", b"a: 1\n---\nb: 2\n", None),
        ("a.txt", b"", None),
        ("a.png", b"\0\n\n", None),
    ],
)
def test_a_fault_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, words: str | None
) -> None:
    (tmp_path / name).write_bytes(content)
    assert main([str(tmp_path / name), str(tmp_path / "gone")]) == int(words is not None)
    out = capsys.readouterr().out
    assert out.count("\n") == int(words is not None) and (words or "") in out
