"""The tables of docs/guarantees.md, made from the cases that the tests run.

Run `python -m tests.hostile.guarantees_tables` from the checkout to write them again after a case changed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

from tests.hostile.publishing_cases import PUBLISHING_CASES
from tests.hostile.reading_cases import READING_CASES

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "guarantees.md"


def with_tables(document: str) -> str:
    """The document with both tables as they must be."""
    return _replaced(_replaced(document, "reading", _reading_rows()), "publishing", _publishing_rows())


def _reading_rows() -> list[str]:
    rows = [
        f"| {_words(case.name)} | {_what(case.script)} | {case.alone.value} | {case.beside.value} |"
        for case in READING_CASES
    ]
    return [
        "| behaviour | what the relay does | alone | beside an honest relay |",
        "|---|---|---|---|",
        *rows,
    ]


def _publishing_rows() -> list[str]:
    rows = [
        f"| {_words(case.name)} | {_what(case.script)} | {case.fate.value} |" for case in PUBLISHING_CASES
    ]
    return ["| behaviour | what the relay does | what becomes of the events there |", "|---|---|---|", *rows]


def _replaced(document: str, table: str, rows: list[str]) -> str:
    begin, end = f"<!-- {table}: begin -->", f"<!-- {table}: end -->"
    made = "\n".join((begin, *rows, end))
    return re.sub(f"{begin}.*?{end}", lambda _match: made, document, count=1, flags=re.DOTALL)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _what(script: Callable[..., object]) -> str:
    text = inspect.getdoc(script)
    assert text, f"{script.__name__} does not say what it does"
    return text.split("\n", 1)[0].replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text("utf-8")), "utf-8")
