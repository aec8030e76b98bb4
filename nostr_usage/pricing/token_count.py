"""How many tokens a text is: exactly, where its model's encoding is known and installed, else as a range.

OpenAI's models are counted by `bpe-openai` (the extra `tokens`), which brings the tables of `o200k_base` and
`cl100k_base` along and asks no network. For other models, and without it, four characters are taken for a
token. How wrong that is depends on the text. Measured against both encodings, it says too much of prose (by
up to 22 %), and too little of code (−40 %), of JSON full of hex digits (−58 %) and of Japanese (−77 %). So
the range reaches from four fifths of it to two and a half times, and with characters beyond ASCII to five
times: no bound, but every kind of text that was measured lies in it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from nostr_usage.amount import divide_half_up, divide_up
from nostr_usage.errors import InputError
from nostr_usage.pricing.expectation import Range

TEXT_CHARACTERS_MAX = 10_000_000
CHARACTERS_PER_TOKEN = 4
_LOW_PERCENT, _HIGH_PERCENT, _HIGH_PERCENT_BEYOND_ASCII = 80, 250, 500

# The names that OpenAI publishes for each encoding, the longest first; a date or a size may follow.
_ENCODINGS = (
    ("o200k_base", re.compile(r"(chatgpt-4o|gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|o1|o3|o4-mini)(-|\.|$)")),
    ("cl100k_base", re.compile(r"(gpt-4|gpt-3\.5-turbo|gpt-35-turbo|text-embedding-(ada-002|3))(-|$)")),
)
# A character is at most four tokens, and the library takes 200,000 tokens at once.
_PIECE_CHARACTERS_MAX = 50_000
LINE_START = re.compile(r"\n(?=[^\W_])")
"""The end of a line before a letter or digit: no token reaches over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    """The tokens of a text; `encoding` is what counted them, empty where characters were."""

    tokens: Range
    encoding: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether the text was counted as its model does."""
        return bool(self.encoding)


class Encoder(Protocol):
    """What `bpe-openai` gives."""

    def encode_ordinary(self, text: str) -> list[int]:
        """The tokens of a text."""
        ...


def count_tokens(text: str, *, model: str | None) -> TokenCount:
    """The tokens of `text` for `model`; nothing is kept of it.

    What a vendor adds for roles and tools is not counted.

    Raises:
        InputError: a text of more than `TEXT_CHARACTERS_MAX` characters.
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        raise InputError(
            f"a prompt of {len(text):,} characters is too long to be counted",
            advice=f"{TEXT_CHARACTERS_MAX:,} characters can be, or state its tokens.",
        )
    encoding = encoding_of(model)
    encoder = encoder_named(encoding) if encoding else None
    if encoding is None or encoder is None:
        return TokenCount(tokens=tokens_by_characters(text))
    counted = sum(len(encoder.encode_ordinary(piece)) for piece in _pieces(text))
    return TokenCount(tokens=Range.exactly(counted), encoding=encoding)


def encoding_of(model: str | None) -> str | None:
    """The encoding that a model of OpenAI's counts by; None for others."""
    name = (model or "").removeprefix("openai/").lower()
    return next((encoding for encoding, names in _ENCODINGS if names.match(name)), None)


def tokens_by_characters(text: str) -> Range:
    """Four characters a token, with how wrong that is for the texts that it was measured with."""
    typical = divide_up(len(text), CHARACTERS_PER_TOKEN)
    most = _HIGH_PERCENT if text.isascii() else _HIGH_PERCENT_BEYOND_ASCII
    return Range(
        low=min(divide_half_up(len(text) * _LOW_PERCENT, 100 * CHARACTERS_PER_TOKEN), typical),
        typical=typical,
        high=divide_up(len(text) * most, 100 * CHARACTERS_PER_TOKEN),
    )


@cache
def encoder_named(encoding: str) -> Encoder | None:
    """The encoder of that name; None where the extra is not installed."""
    with warnings.catch_warnings():
        # Version 0.1.4 opens its tables in a way that Python 3.11 and 3.12 advise against.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            library = import_module("bpe_openai")
        except ImportError:
            return None
        return cast("Encoder", library.get_encoding(encoding))


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that can be counted by themselves; a cut where no line starts may cost a token."""
    start = 0
    while len(text) - start > _PIECE_CHARACTERS_MAX:
        end = start + _PIECE_CHARACTERS_MAX
        cuts = [cut.end() for cut in LINE_START.finditer(text, start, end)]
        end = cuts[-1] if cuts else end
        yield text[start:end]
        start = end
    yield text[start:]
