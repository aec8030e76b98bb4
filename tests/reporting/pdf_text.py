"""The text of a PDF that was made uncompressed, as a viewer reads it: glyph numbers and their Unicode."""

from __future__ import annotations

import re

_CMAP = re.compile(rb"begincmap.*?endcmap", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]{4,})>")
_STEP = re.compile(rb"/F(\d) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) Tj", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def texts_of_pdf(data: bytes) -> list[str]:
    """Each string that the pages show, in the order in which they are drawn."""
    fonts = [dict(_characters(cmap)) for cmap in _CMAP.findall(data)]
    shown: list[str] = []
    font = fonts[0]
    for number, raw in _STEP.findall(data):
        if number:
            font = fonts[int(number) - 1]
            continue
        codes = _ESCAPE.sub(lambda match: _CONTROLS.get(match[1], match[1]), raw)
        numbers = [int.from_bytes(codes[at : at + 2], "big") for at in range(0, len(codes), 2)]
        shown.append("".join(font[one] for one in numbers))
    return shown


def _characters(cmap: bytes) -> list[tuple[int, str]]:
    pairs = _PAIR.findall(cmap)
    return [(int(code, 16), bytes.fromhex(text.decode()).decode("utf-16-be")) for code, text in pairs]
