"""`check|reserve|extend|settle|void`: yes or no before an action, and its receipt after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from tests.terminal import Terminal, operator_terminal

CHAT = ("alice", "magic-mentor")
EXPERIMENT = ("alice", "experiment-creation", "--add-on", "audio", "--add-on", "images")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator on 1 February 2026 with one account on the standard plan."""
    operator = operator_terminal(tmp_path)
    operator.run("account", "new", "alice")
    return operator


def reserved(terminal: Terminal, *arguments: str, key: str = "k") -> str:
    """The id of a hold."""
    return terminal.run("reserve", *(arguments or CHAT), "--key", key).lines[1].strip()


def held(terminal: Terminal) -> int:
    """What the balance says is held."""
    found: int = terminal.run("balance", "alice", "--json").json["held"]
    return found


def test_a_yes_says_what_is_needed_and_left(terminal: Terminal) -> None:
    """One line; nothing is kept back."""
    assert ["yes: 250 needed, 5,000 left, 4,750 afterwards"] == terminal.run("check", *CHAT).lines
    answer = terminal.run("check", *CHAT, "--json").json
    assert (True, 250, 5_000, 4_750, []) == (
        answer["is_allowed"],
        answer["needed"],
        answer["left"],
        answer["left_afterwards"],
        answer["cautions"],
    )
    assert 0 == held(terminal)


def test_a_caution_goes_to_standard_error(terminal: Terminal) -> None:
    """1,100 tokens would not do for another experiment."""
    outcome = terminal.run("check", "alice", "experiment-creation")
    assert "note: 1,100 tokens will be left\n" == outcome.err
    answer = terminal.run("check", "alice", "experiment-creation", "--json").json
    assert [("low_afterwards", "2026-03-01T00:00:00Z")] == [
        (one["code"], one["resets_at"]) for one in answer["cautions"]
    ]


@pytest.mark.parametrize("command", [("check",), ("reserve", "--key", "k")])
def test_a_refusal_says_why_and_what_would_help(terminal: Terminal, command: tuple[str, ...]) -> None:
    """Exit code 3; each help on a line of its own, waiting with its end."""
    outcome = terminal.run(*command, *EXPERIMENT, code=ExitCode.REFUSED)
    assert "" == outcome.out
    assert [
        "error: 9,400 tokens are needed and 5,000 are left",
        "- Wait for the next allowance. It comes at 2026-03-01 00:00:00 UTC.",
        "- Leave out Audio narration (5 lessons): 5,000 tokens less.",
        "- Buy pack-10: 5,800 tokens for $10.00.",
    ] == outcome.err.splitlines()
    assert 0 == held(terminal)


def test_a_refusal_is_json_for_programs(terminal: Terminal) -> None:
    """With the code, the HTTP status of the catalogue, and every help."""
    answer = terminal.run("check", *EXPERIMENT, "--json", code=ExitCode.REFUSED).json
    assert (False, "not_enough", 402, 9_400, 5_000, "2026-03-01T00:00:00Z") == (
        answer["is_allowed"],
        answer["code"],
        answer["status"],
        answer["needed"],
        answer["left"],
        answer["resets_at"],
    )
    assert [("wait", ""), ("drop_add_on", "audio"), ("buy", "pack-10")] == [
        (one["kind"], one["name"]) for one in answer["help"]
    ]
    assert "2026-03-01T00:00:00Z" == answer["help"][0]["at"]


def test_an_action_is_reserved_and_settled(terminal: Terminal) -> None:
    """What was used is charged, whatever was held."""
    outcome = terminal.run("reserve", *CHAT, "--ttl", "600", "--key", "k")
    first, hold = outcome.lines
    assert "250 tokens for magic-mentor held until 2026-02-01 00:10:00 UTC" == first
    assert 250 == held(terminal)
    assert "held       250 tokens of it, for actions that are running" in terminal.run("balance", "alice").out
    receipt = terminal.run("settle", hold.strip(), "--tokens", "247")
    assert "247 tokens ($0.37) charged for magic-mentor, 4,753 left" == receipt.lines[0]
    assert 0 == held(terminal)


def test_the_same_request_gives_the_same_hold(terminal: Terminal) -> None:
    """It is said on standard error; JSON carries it as a field."""
    first = terminal.run("reserve", *CHAT, "--key", "k")
    again = terminal.run("reserve", *CHAT, "--key", "k")
    assert first.out == again.out
    assert "answered before" in again.err
    answer = terminal.run("reserve", *CHAT, "--key", "k", "--json").json
    assert (True, 250, "2026-02-01T00:05:00Z") == (
        answer["is_repeat"],
        answer["tokens"],
        answer["expires_at"],
    )
    assert 250 == held(terminal)


def test_a_hold_lasts_longer_and_keeps_more(terminal: Terminal) -> None:
    """From now on; more than is there is refused with what would help, and leaves it as it was."""
    hold = reserved(terminal)
    terminal.clock.advance(200)
    longer = terminal.run("extend", hold, "--ttl", "600", "--tokens", "400")
    assert "400 tokens for magic-mentor held until 2026-02-01 00:13:20 UTC" == longer.lines[0]
    assert 400 == held(terminal)
    assert "2026-02-01T00:08:20Z" == terminal.run("extend", hold, "--json").json["expires_at"]
    refused = terminal.run("extend", hold, "--tokens", "5001", code=ExitCode.REFUSED)
    assert [
        "error: 5,001 tokens are needed and 5,000 are left",
        "- Wait for the next allowance. It comes at 2026-03-01 00:00:00 UTC.",
        "- Buy pack-10: 5,800 tokens for $10.00.",
    ] == refused.err.splitlines()
    answer = terminal.run("extend", hold, "--tokens", "9000", "--json", code=ExitCode.REFUSED).json
    assert (False, "not_enough", 9_000) == (answer["is_allowed"], answer["code"], answer["needed"])
    assert 400 == held(terminal)


def test_settling_again_is_safe_and_otherwise_refused(terminal: Terminal) -> None:
    """Another figure, or a void, comes too late; exit code 3."""
    hold = reserved(terminal)
    first = terminal.run("settle", hold, "--tokens", "247")
    again = terminal.run("settle", hold, "--tokens", "247")
    assert first.out == again.out
    assert "answered before" in again.err
    assert "another request" in terminal.run("settle", hold, "--tokens", "1", code=ExitCode.REFUSED).err
    assert "`refund`" in terminal.run("void", hold, code=ExitCode.REFUSED).err


def test_a_void_gives_back(terminal: Terminal) -> None:
    """Once and for all."""
    hold = reserved(terminal)
    assert "250 tokens for magic-mentor given back" == terminal.run("void", hold).lines[0]
    assert terminal.run("void", hold, "--json").json["is_repeat"]
    assert 0 == held(terminal)
    assert "voided" in terminal.run("settle", hold, "--tokens", "1", code=ExitCode.REFUSED).err


def test_measured_usage_is_settled_with_its_source(terminal: Terminal) -> None:
    """The model's own counts, or an estimate that says so in its sealed details."""
    hold = reserved(terminal, *CHAT, "--model", "gpt-4o", "--actor", "maria", "--group", "sales")
    counts = ("--model", "gpt-4o", "--prompt-tokens", "4808", "--completion-tokens", "10", "--estimated")
    receipt = terminal.run("settle", hold, *counts, "--prompt", "mentor-2", "--json").json
    assert (17, "maria", "sales", "mentor-2", []) == (
        receipt["tokens"],
        receipt["actor"],
        receipt["group"],
        receipt["prompt"],
        receipt["alerts"],
    )
    shown = terminal.run("show", receipt["entry_id"], "--json").out
    assert "estimated" in shown


def test_a_fixed_price_is_settled_without_a_count(terminal: Terminal) -> None:
    """300 for a match, under a key of its own."""
    hold = reserved(terminal, "alice", "profile-matching")
    receipt = terminal.run("settle", hold, "--key", "match-1", "--description", "Matched with @sarah")
    assert receipt.lines[0].startswith("300 tokens")


@pytest.mark.parametrize(
    ("tokens", "alerts"),
    [
        ("3750", ["alert: 75 % of this cycle's tokens are used, 1,250 left"]),
        (
            "4100",
            [
                "alert: 75 % of this cycle's tokens are used, 900 left",
                "alert: fewer than 1,000 tokens are left: 900",
            ],
        ),
        (
            "5000",
            [
                *(f"alert: {share} % of this cycle's tokens are used, 0 left" for share in (75, 90, 100)),
                "alert: fewer than 1,000 tokens are left: 0",
                "alert: nothing is left",
            ],
        ),
    ],
)
def test_alerts_are_said_beside_the_receipt(terminal: Terminal, tokens: str, alerts: list[str]) -> None:
    """On standard error, once."""
    outcome = terminal.run("record", *CHAT, "--tokens", tokens, "--key", "k")
    assert alerts == outcome.err.splitlines()
    assert "alert" not in terminal.run("record", *CHAT, "--tokens", tokens, "--key", "k").err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("check", "alice", "mind-reading"), ExitCode.BAD_INPUT, "unknown activity"),
        (("check", "bob", "magic-mentor"), ExitCode.BAD_INPUT, "unknown account"),
        (("check", *CHAT, "--tokens", "-1"), ExitCode.BAD_INPUT, "--tokens"),
        (("check", *CHAT, "--tokens", "2.5"), ExitCode.BAD_INPUT, "--tokens"),
        (("check", *CHAT, "--add-on", "images"), ExitCode.BAD_INPUT, "unknown add-on"),
        (("check", *CHAT, "--model", "nobodys"), ExitCode.REFUSED, "no price is known"),
        (("reserve", *CHAT), ExitCode.BAD_INPUT, "--key"),
        (("reserve", *CHAT, "--key", "k", "--ttl", "0"), ExitCode.BAD_INPUT, "cannot last 0 s"),
        (("reserve", *CHAT, "--key", "k", "--ttl", "86401"), ExitCode.BAD_INPUT, "cannot last 86,401 s"),
        (("extend", "ab" * 16), ExitCode.REFUSED, "there is no hold"),
        (("extend", "ab" * 16, "--ttl", "0"), ExitCode.BAD_INPUT, "cannot last 0 s"),
        (("extend", "ab" * 16, "--tokens", "-1"), ExitCode.BAD_INPUT, "--tokens"),
        (("settle", "ab" * 16, "--tokens", "1"), ExitCode.REFUSED, "there is no hold"),
        (("settle", "\x1b[2J", "--tokens", "1"), ExitCode.REFUSED, "there is no hold"),
        (("settle", "ab" * 16, "--prompt-tokens", "1"), ExitCode.BAD_INPUT, "name of its model"),
        (("void", "nonsense"), ExitCode.REFUSED, "there is no hold"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    terminal: Terminal, arguments: tuple[str, ...], code: ExitCode, message: str
) -> None:
    """With a sentence, and nothing held."""
    assert message in terminal.run(*arguments, code=code).err
    assert 0 == held(terminal)
