"""Where a key stands in a TOML file: for messages, because the parser keeps no lines.

A scan line by line, not a second parser: it knows table headers and keys at the start of a line, and looks
inside an inline table only for its own line. What it does not find, it puts at the nearest table around it.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_LONG_QUOTES = ('"""', "'''")


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of the key that `path` leads to, or of the nearest table around it; else None."""
    lines = _lines_of_keys(text)
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _lines_of_keys(text: str) -> dict[Path, int]:
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    quotes: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if quotes is not None:
            quotes = None if quotes in line else quotes
            continue
        if header := _HEADER.fullmatch(line):
            table = _table(counts, _parts(header[2]), is_list=header[1] == "[[")
            found.setdefault(table, number)
            found.setdefault(table[:1], number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
        quotes = next((sign for sign in _LONG_QUOTES if line.count(sign) % 2), None)
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _table(counts: dict[Path, int], names: tuple[str, ...], *, is_list: bool) -> Path:
    """The path of a table whose header is `names`: lists on the way stand at their newest item."""
    path: Path = ()
    for place, name in enumerate(names):
        path = (*path, name)
        if is_list and place == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
