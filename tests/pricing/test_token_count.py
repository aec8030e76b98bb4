"""Counting the tokens of a text: published values, no network, and a range where nothing can count."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import InputError
from nostr_usage.pricing import token_count
from nostr_usage.pricing.expectation import Range
from nostr_usage.pricing.token_count import (
    TEXT_CHARACTERS_MAX,
    count_tokens,
    encoding_of,
    tokens_by_characters,
)
from tests.command_line import ROOT

PROSE = (ROOT / "LICENSE").read_text("utf-8")
CODE = (ROOT / "nostr_usage" / "spend.py").read_text("utf-8")
JSON = (ROOT / "tests" / "vectors" / "nip01-valid-events.json").read_text("utf-8")
JAPANESE = "私は毎朝コーヒーを飲みながら新聞を読みます。今日は天気がいいので、散歩に行きたいと思います。"


@pytest.mark.parametrize(
    ("text", "cl100k", "o200k"),
    [
        ("antidisestablishmentarianism", 6, 6),
        ("2 + 2 = 4", 7, 7),
        ("お誕生日おめでとう", 9, 8),
        ("tiktoken is great!", 6, 6),
        ("hello world", 2, 2),
        ("", 0, 0),
    ],
)
def test_texts_have_the_counts_that_openai_publishes(text: str, cl100k: int, o200k: int) -> None:
    """Its cookbook's examples, by both encodings."""
    assert Range.exactly(cl100k) == count_tokens(text, model="gpt-4").tokens
    counted = count_tokens(text, model="gpt-4o")
    assert (Range.exactly(o200k), "o200k_base", True) == (counted.tokens, counted.encoding, counted.is_exact)


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-5", "o200k_base"),
        ("gpt-5-mini-2025-08-07", "o200k_base"),
        ("gpt-5.1", "o200k_base"),
        ("openai/gpt-4.1-nano", "o200k_base"),
        ("gpt-4o-2024-08-06", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("o3", "o200k_base"),
        ("o4-mini", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo-0125", "cl100k_base"),
        ("text-embedding-3-small", "cl100k_base"),
        ("gpt-45", None),
        ("o30", None),
        ("claude-sonnet-4-5", None),
        ("gemini-2.5-flash", None),
        (None, None),
    ],
)
def test_a_model_is_known_by_its_name(model: str | None, encoding: str | None) -> None:
    """With its date or size; other vendors keep their encodings to themselves."""
    assert encoding == encoding_of(model)


def test_what_looks_like_a_control_token_is_text() -> None:
    """A customer's prompt is data."""
    assert Range.exactly(7) == count_tokens("<|endoftext|>", model="gpt-4").tokens


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
@pytest.mark.parametrize(
    "text", [PROSE, CODE, JSON, JAPANESE], ids=["prose", "code", "json with hex digits", "japanese"]
)
def test_the_range_of_characters_holds_the_count(text: str, model: str) -> None:
    """Whatever is in the text, by both encodings that can count it."""
    counted, reckoned = count_tokens(text, model=model).tokens, tokens_by_characters(text)
    assert reckoned.low <= counted.typical <= reckoned.high


def test_other_models_are_reckoned_from_characters() -> None:
    """Four characters a token, and how wrong that may be; ASCII cannot be as wrong as the rest."""
    counted = count_tokens("a" * 400, model="claude-sonnet-4-5")
    assert (Range(low=80, typical=100, high=250), "", False) == (
        counted.tokens,
        counted.encoding,
        counted.is_exact,
    )
    assert Range(low=80, typical=100, high=500) == tokens_by_characters("é" * 400)
    assert Range.exactly(0) == tokens_by_characters("")


@given(st.text(max_size=2_000))
def test_a_range_never_descends(text: str) -> None:
    """Whatever the text."""
    found = tokens_by_characters(text)
    assert found.low <= found.typical <= found.high


def test_without_the_extra_characters_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where only the dependencies are installed."""
    token_count.encoder_named.cache_clear()
    monkeypatch.setitem(sys.modules, "bpe_openai", None)
    try:
        counted = count_tokens("a" * 400, model="gpt-4o")
    finally:
        token_count.encoder_named.cache_clear()
    assert (Range(low=80, typical=100, high=250), False) == (counted.tokens, counted.is_exact)


@given(st.lists(st.text("ab 1.\n\t-é", max_size=30), max_size=12))
def test_pieces_count_as_the_whole(lines: list[str]) -> None:
    """A cut after a line's end and before a letter or digit changes nothing."""
    text = "\n".join(lines)
    for encoding in ("o200k_base", "cl100k_base"):
        encoder = token_count.encoder_named(encoding)
        assert encoder is not None
        whole = len(encoder.encode_ordinary(text))
        starts = [0, *(cut.end() for cut in token_count.LINE_START.finditer(text)), len(text)]
        pieces = [text[start:end] for start, end in pairwise(starts)]
        assert whole == sum(len(encoder.encode_ordinary(piece)) for piece in pieces)


def test_long_texts_are_counted_in_pieces() -> None:
    """Also one without a single line's end, where each cut may cost a token."""
    line = "A line of a long prompt, with 14 words or so and a full stop.\n"
    once = count_tokens(line, model="gpt-4o").tokens.typical
    assert 3_000 * once == count_tokens(line * 3_000, model="gpt-4o").tokens.typical
    words = count_tokens("word " * 30_000, model="gpt-4o").tokens.typical
    assert 30_000 <= words <= 30_004


def test_a_text_may_be_too_long() -> None:
    """Its tokens can still be stated."""
    with pytest.raises(InputError, match="too long to be counted"):
        count_tokens("x" * (TEXT_CHARACTERS_MAX + 1), model="gpt-4o")


def test_counting_asks_no_network() -> None:
    """In a process whose sockets are forbidden; a control shows that they are."""
    probe = (
        "import sys\n"
        "def forbid(event, arguments):\n"
        "    if event.startswith('socket.'): raise SystemExit(f'asked {event}')\n"
        "sys.addaudithook(forbid)\n"
        "from nostr_usage.pricing.token_count import count_tokens\n"
        "print(count_tokens('hello world', model='gpt-4o').tokens.typical)\n"
    )
    control = probe + "import socket; socket.socket()\n"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "2\n" == done.stdout
    failed = subprocess.run(
        [sys.executable, "-c", control], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "asked socket.__new__" in failed.stderr
