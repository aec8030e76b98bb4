"""Reasons: what relays really send, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.nostr.reason import (
    REASON_CHARS_MAX,
    Prefix,
    Reason,
    Verdict,
    parse_reason,
    printable,
    verdict_of_closed,
    verdict_of_ok,
)

# What a relay sends, the prefix and the text in it, and the verdicts on a refused event and on a CLOSED.
SPOKEN = [
    ("duplicate: have it", Prefix.DUPLICATE, "have it", Verdict.DUPLICATE, Verdict.FINAL),
    ("pow: 21 bits needed", Prefix.POW, "21 bits needed", Verdict.LATER, Verdict.LATER),
    ("blocked: banned", Prefix.BLOCKED, "banned", Verdict.FINAL, Verdict.FINAL),
    ("rate-limited: slow down", Prefix.RATE_LIMITED, "slow down", Verdict.LATER, Verdict.LATER),
    ("invalid: bad event id", Prefix.INVALID, "bad event id", Verdict.ALARM, Verdict.ALARM),
    ("restricted: members only", Prefix.RESTRICTED, "members only", Verdict.FINAL, Verdict.FINAL),
    ("mute: nobody listened", Prefix.MUTE, "nobody listened", Verdict.FINAL, Verdict.FINAL),
    ("error: disk full", Prefix.ERROR, "disk full", Verdict.LATER, Verdict.LATER),
    ("auth-required: who?", Prefix.AUTH_REQUIRED, "who?", Verdict.AUTHENTICATE, Verdict.AUTHENTICATE),
    ("unsupported: no search", Prefix.UNSUPPORTED, "no search", Verdict.FINAL, Verdict.FINAL),
    ("replaced: have newer event", Prefix.REPLACED, "have newer event", Verdict.ALARM, Verdict.ALARM),
    ("deleted: user requested", Prefix.DELETED, "user requested", Verdict.ALARM, Verdict.ALARM),
    ("count-failed: not here", Prefix.COUNT_FAILED, "not here", Verdict.FINAL, Verdict.FINAL),
    # strfry's wrapper round the real reason, and its own errors.
    ("ERROR: auth-required: who?", Prefix.AUTH_REQUIRED, "who?", Verdict.AUTHENTICATE, Verdict.AUTHENTICATE),
    ("ERROR: bad req: filter", Prefix.ERROR, "bad req: filter", Verdict.LATER, Verdict.LATER),
    ("Write error: disk", Prefix.ERROR, "Write error: disk", Verdict.LATER, Verdict.LATER),
    ("PROTOCOL-ERROR", Prefix.ERROR, "PROTOCOL-ERROR", Verdict.LATER, Verdict.LATER),
    # Spaces, and none; prefixes nobody knows; prose; nothing.
    ("blocked:banned", Prefix.BLOCKED, "banned", Verdict.FINAL, Verdict.FINAL),
    ("blocked:", Prefix.BLOCKED, "", Verdict.FINAL, Verdict.FINAL),
    ("closed: idle", Prefix.ERROR, "closed: idle", Verdict.LATER, Verdict.LATER),
    ("Blocked: banned", Prefix.ERROR, "Blocked: banned", Verdict.LATER, Verdict.LATER),
    ("no thanks", Prefix.ERROR, "no thanks", Verdict.LATER, Verdict.LATER),
    (": what", Prefix.ERROR, ": what", Verdict.LATER, Verdict.LATER),
    ("", Prefix.NONE, "", Verdict.LATER, Verdict.LATER),
    ("  \n", Prefix.NONE, "", Verdict.LATER, Verdict.LATER),
]


@pytest.mark.parametrize(("said", "prefix", "text", "refused", "closed"), SPOKEN, ids=str)
def test_a_reason_means_what_relays_mean_by_it(
    said: str, prefix: Prefix, text: str, refused: Verdict, closed: Verdict
) -> None:
    """Prefix, text, and what a publisher and a reader do about it."""
    reason = parse_reason(said)
    assert Reason(prefix=prefix, text=text) == reason
    assert refused is verdict_of_ok(reason, accepted=False)
    assert closed is verdict_of_closed(reason)


def test_every_prefix_is_tested() -> None:
    """Control: none is missing in the table above."""
    assert set(Prefix) == {prefix for _, prefix, *_ in SPOKEN}


@pytest.mark.parametrize("said", ["", "pow: 25>=24", "welcome", "info: archived"])
def test_an_accepted_event_is_stored_until_read_back(said: str) -> None:
    """Whatever else the relay says with it."""
    assert Verdict.STORED is verdict_of_ok(parse_reason(said), accepted=True)


def test_an_accepted_duplicate_is_told_apart() -> None:
    """Two relays say so of events that they discard."""
    assert Verdict.DUPLICATE is verdict_of_ok(parse_reason("duplicate: have newer"), accepted=True)


@pytest.mark.parametrize(
    ("said", "shown"),
    [("blocked: banned", "blocked: banned"), ("ERROR: auth-required: x", "auth-required: x"), ("", "")],
)
def test_a_reason_is_shown_as_relays_write_it(said: str, shown: str) -> None:
    """Prefix and text, without the wrapper."""
    assert shown == str(parse_reason(said))


def test_text_for_people_cannot_steer_a_terminal() -> None:
    """Control and direction characters become spaces, and there is an end to it."""
    assert "[31mred   next" == printable(" \x1b[31mred\r\n\u202enext\t")
    assert REASON_CHARS_MAX == len(printable("x" * 100_000))
    assert "Grüße ✓" == printable("Grüße ✓")


@given(said=st.text())
def test_any_text_is_a_reason(said: str) -> None:
    """Relays may say anything: it can be shown, is judged, and reads the same a second time."""
    reason = parse_reason(said)
    assert str(reason).isprintable()
    assert reason.prefix is parse_reason(str(reason)).prefix
    assert verdict_of_closed(reason) in {Verdict.AUTHENTICATE, Verdict.LATER, Verdict.FINAL, Verdict.ALARM}
