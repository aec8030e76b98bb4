"""`record|grant|refund|tick`: receipts for what was done, and nothing for what was refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.nostr.event import event_from_object, verify_event
from nostr_usage.wire.entry_event import entry_from_event
from tests.terminal import Terminal, february, feed, operator_terminal

CHAT = ("record", "alice", "magic-mentor", "--tokens", "247")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator on 1 February 2026 with one account on the standard plan."""
    operator = operator_terminal(tmp_path)
    operator.run("account", "new", "alice")
    return operator


def entries(terminal: Terminal) -> int:
    """How long the stream is."""
    found: int = terminal.run("balance", "alice", "--json").json["as_of_seq"]
    return found


def test_feed_in_the_figures_of_the_transparency_system(tmp_path: Path) -> None:
    """9,986 after a match, 6,094 after an experiment, 5,847 after a chat; $0.45, $5.84, $0.37."""
    receipts = [outcome.json for outcome in feed(operator_terminal(tmp_path))]
    assert [9_986, 6_094, 5_847] == [receipt["balance"]["total"] for receipt in receipts]
    assert [450_000, 5_838_000, 370_500] == [receipt["cost"]["micro_dollars"] for receipt in receipts]
    assert [300, 3_892, 247] == [receipt["tokens"] for receipt in receipts]


def test_text_receipt_fits_two_lines(terminal: Terminal) -> None:
    """Tokens, cost, balance, and the entry's id."""
    first, second = terminal.run(*CHAT, "--key", "k").lines
    assert "247 tokens ($0.37) charged for magic-mentor, 4,753 left" == first
    assert (64, "entry 4") == (len(second.split()[0]), second.split("  ")[-1])


def test_json_receipt_is_the_signed_event(terminal: Terminal) -> None:
    """Whoever holds it can prove the charge without this home."""
    receipt = terminal.run(*CHAT, "--key", "k", "--json").json
    event = verify_event(event_from_object(receipt["event"]))
    entry = entry_from_event(event)
    assert receipt["entry_id"] == event.id
    expected = (entry.tokens, entry.seq, entry.request)
    assert expected == (receipt["tokens"], receipt["seq"], receipt["request"])


def test_same_request_gives_the_same_receipt(terminal: Terminal) -> None:
    """Nothing is charged twice, and it is said so on standard error."""
    first = terminal.run(*CHAT, "--key", "k")
    terminal.clock.advance(60)
    again = terminal.run(*CHAT, "--key", "k")
    assert first.out == again.out
    assert "answered before" in again.err
    assert terminal.run(*CHAT, "--key", "k", "--json").json["is_repeat"]
    assert 4 == entries(terminal)


def test_measured_usage_is_priced(terminal: Terminal) -> None:
    """Cached tokens are part of the prompt tokens, as the model reports them."""
    receipt = terminal.run(
        *("record", "alice", "magic-mentor", "--model", "gpt-4o", "--prompt-tokens", "900"),
        *(
            "--completion-tokens",
            "300",
            "--cached-tokens",
            "100",
            "--reasoning-tokens",
            "50",
            "--key",
            "k",
            "--json",
        ),
    ).json
    assert [("cache_read", 100), ("fresh_input", 800), ("output", 250), ("reasoning", 50)] == [
        (line["bucket"], line["units"]) for line in receipt["usage"]
    ]
    assert receipt["tokens"] > 0


def test_all_options_reach_the_entry(terminal: Terminal) -> None:
    """Pseudonyms are public, descriptions and metadata sealed; add-ons are charged."""
    terminal.clock.set(february(2, 0, 0))
    receipt = terminal.run(
        *("record", "alice", "experiment-creation", "--tokens", "3900", "--add-on", "images", "--key", "k"),
        *(
            "--at",
            "2026-02-01T12:00:00+01:00",
            "--description",
            "a text",
            "--meta",
            "course=7",
            "--meta",
            "a=b=c",
        ),
        *("--actor", "m1", "--group", "g1", "--prompt", "p1", "--json"),
    ).json
    assert (4_400, february(1, 11, 0)) == (receipt["tokens"], receipt["occurred_at"])
    assert ["m1", "g1", "p1"] == [receipt[name] for name in ("actor", "group", "prompt")]
    assert "a text" not in str(receipt)
    shown = terminal.run("show", receipt["entry_id"], "--json").json
    assert ("a text", {"course": "7", "a": "b=c"}) == (shown["description"], shown["metadata"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("magic-mentor", "--tokens", "-1"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1.5"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1,000"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1" * 16), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "٣"), ExitCode.BAD_INPUT),
        (("magic-mentor",), ExitCode.REFUSED),
        (("mind-reading", "--tokens", "1"), ExitCode.BAD_INPUT),
        (("profile-matching", "--tokens", "1"), ExitCode.REFUSED),
        (
            ("magic-mentor", "--model", "no-such-model", "--prompt-tokens", "1", "--completion-tokens", "1"),
            ExitCode.REFUSED,
        ),
        (("magic-mentor", "--prompt-tokens", "1"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--model", "gpt-4o", "--prompt-tokens", "1"), ExitCode.REFUSED),
        (
            (
                "magic-mentor",
                "--model",
                "gpt-4o",
                "--prompt-tokens",
                "1",
                "--completion-tokens",
                "1",
                "--cached-tokens",
                "2",
            ),
            ExitCode.REFUSED,
        ),
        (("magic-mentor", "--tokens", "1", "--at", "yesterday"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1", "--at", "2026-02-01T00:00:00"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1", "--at", "0001-01-01T00:00:00+23:59"), ExitCode.REFUSED),
        (("magic-mentor", "--tokens", "1", "--at", "2027-01-01T00:00:00Z"), ExitCode.REFUSED),
        (("magic-mentor", "--tokens", "1", "--at", "2026-01-31T23:59:59Z"), ExitCode.REFUSED),
        (("magic-mentor", "--tokens", "1", "--meta", "nameless"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1", "--meta", "a=1", "--meta", "a=2"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1", "--actor", ""), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1", "--add-on", "images"), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1", "--description", "x" * 60_000), ExitCode.BAD_INPUT),
        (("magic-mentor", "--tokens", "1", "--description", "\udcff"), ExitCode.BAD_INPUT),
    ],
)
def test_bad_records_change_nothing(terminal: Terminal, arguments: tuple[str, ...], code: ExitCode) -> None:
    """Each is refused with a message on standard error, and the stream is as long as before."""
    outcome = terminal.run("record", "alice", *arguments, "--key", "k", code=code)
    assert ("", True) == (outcome.out, outcome.err.startswith("error: "))
    assert 3 == entries(terminal)


def test_record_needs_a_key_and_an_account(terminal: Terminal) -> None:
    """No default hides a decision about money."""
    terminal.run(*CHAT, code=ExitCode.BAD_INPUT)
    terminal.run("record", "bob", "magic-mentor", "--tokens", "1", "--key", "k", code=ExitCode.BAD_INPUT)
    terminal.run(*CHAT, "--key", "", code=ExitCode.BAD_INPUT)
    assert 3 == entries(terminal)


def test_key_used_otherwise_is_refused(terminal: Terminal) -> None:
    """The first receipt stays."""
    terminal.run(*CHAT, "--key", "k")
    outcome = terminal.run(
        "record", "alice", "magic-mentor", "--tokens", "1", "--key", "k", code=ExitCode.REFUSED
    )
    assert "used for another request" in outcome.err
    assert 4 == entries(terminal)


def test_purchase_makes_15347(terminal: Terminal) -> None:
    """847 tokens and a pack of 14,500 are 15,347, $23.02."""
    terminal.run("record", "alice", "quiz-generation", "--tokens", "4153", "--key", "k")
    outcome = terminal.run(
        *(
            "grant",
            "alice",
            "14500",
            "--source",
            "purchased",
            "--paid",
            "25",
            "--payment",
            "pi_1",
            "--key",
            "p",
        )
    )
    assert "14,500 tokens ($25.00) granted (purchase), 15,347 left" == outcome.lines[0]
    found = terminal.run("balance", "--json").json
    assert ("23.020500", 847, 14_500) == (found["usd"], found["allowance"], found["purchased"])
    (row, *_) = terminal.run("history", "--json").json
    assert "pi_1" not in terminal.run("show", row["entry_id"], "--raw").out


def test_promotion_lapses(terminal: Terminal) -> None:
    """Until then it is listed with its end; afterwards it counts for nothing."""
    terminal.run(
        *("grant", "alice", "100", "--source", "promo", "--reason", "welcome"),
        *("--expires", "2026-02-10T00:00:00Z", "--key", "g"),
    )
    assert "promo      100 left of 100, until 2026-02-10 00:00:00 UTC" in terminal.run("balance").out
    assert 5_000 == terminal.at(february(10, 0, 0), "balance", "--json").json["tokens"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("100",), ExitCode.BAD_INPUT),
        (("100", "--source", "theft"), ExitCode.BAD_INPUT),
        (("-5", "--source", "gift"), ExitCode.BAD_INPUT),
        (("ten", "--source", "gift"), ExitCode.BAD_INPUT),
        (("100", "--source", "gift", "--expires", "2026-01-01T00:00:00Z"), ExitCode.BAD_INPUT),
        (("100", "--source", "gift", "--expires", "999999999999"), ExitCode.REFUSED),
        (("100", "--source", "gift", "--paid", "-1"), ExitCode.BAD_INPUT),
        (("100", "--source", "gift", "--paid", "1.1234567"), ExitCode.BAD_INPUT),
        (("100", "--source", "gift", "--paid", "NaN"), ExitCode.BAD_INPUT),
        (("100", "--source", "gift", "--paid", "1e3"), ExitCode.BAD_INPUT),
        (("100", "--source", "gift", "--reason", "purchase"), ExitCode.BAD_INPUT),
        (("100", "--source", "gift", "--reason", "Not A Slug"), ExitCode.BAD_INPUT),
    ],
)
def test_bad_grants_change_nothing(terminal: Terminal, arguments: tuple[str, ...], code: ExitCode) -> None:
    """Each is refused, and the balance is as before."""
    assert "" == terminal.run("grant", "alice", *arguments, "--key", "g", code=code).out
    assert 3 == entries(terminal)


def test_refund_in_parts(terminal: Terminal) -> None:
    """By the beginning of its id; the rest at once; then nothing is left."""
    entry_id = terminal.run(*CHAT, "--key", "k", "--json").json["entry_id"]
    assert "100 tokens ($0.15) refunded for magic-mentor, 4,853 left" in (
        terminal.run("refund", entry_id[:8], "100", "--key", "r1").out
    )
    terminal.run("refund", entry_id, "148", "--key", "r2", code=ExitCode.REFUSED)
    assert 147 == terminal.run("refund", entry_id, "--key", "r2", "--json").json["tokens"]
    terminal.run("refund", entry_id, "--key", "r3", code=ExitCode.REFUSED)
    assert 5_000 == terminal.run("balance", "--json").json["tokens"]


def test_refund_of_what_is_no_debit_is_refused(terminal: Terminal) -> None:
    """A grant is not refunded; an unknown or ambiguous id is no entry."""
    grant = terminal.run("history", "--type", "subscription_grant", "--json").json[0]["entry_id"]
    terminal.run("refund", grant, "--key", "r", code=ExitCode.REFUSED)
    terminal.run("refund", "00" * 32, "--key", "r", code=ExitCode.BAD_INPUT)
    terminal.run("refund", grant[:7], "--key", "r", code=ExitCode.BAD_INPUT)
    terminal.run("refund", "note1qqqq", "--key", "r", code=ExitCode.BAD_INPUT)


def test_tick_writes_what_is_due(terminal: Terminal) -> None:
    """On 4 March: the allowance of February lapses, March's is granted, February is closed."""
    terminal.run("account", "new", "bob", "--no-plan")
    outcome = terminal.at(february(32, 0, 0), "tick", "--all", "--json").json
    assert (2, 3) == (outcome["accounts"], outcome["entries"])
    assert "0 entries written for 1 accounts" in terminal.run("tick", "alice").out
    operations = [row["operation"] for row in terminal.run("history", "alice", "--json").json]
    assert ["close", "grant", "expire"] == operations[:3]


@pytest.mark.parametrize("arguments", [(), ("alice", "--all"), ("bob",)])
def test_tick_of_nobody_is_bad_input(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """Neither both nor none, nor somebody unknown."""
    terminal.run("tick", *arguments, code=ExitCode.BAD_INPUT)
