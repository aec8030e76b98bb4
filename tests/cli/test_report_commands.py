"""`month` and `history`: figures that re-add, in forms that spreadsheets and programs take."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from nostr_usage import report
from nostr_usage.cli.output import ExitCode
from tests.terminal import Terminal, controls_in, february, feed, operator_terminal

HOSTILE = "=HYPERLINK(1)\x1b]0;owned\x07\u202e\nsecond line"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator with the feed's account."""
    operator = operator_terminal(tmp_path)
    feed(operator)
    return operator


@pytest.fixture
def february_terminal(tmp_path: Path) -> Terminal:
    """An operator with the month of the transparency system: 4,153 tokens in four activities."""
    operator = operator_terminal(tmp_path)
    operator.run("account", "new", "alice")
    operator.run("grant", "alice", "5000", "--source", "purchased", "--paid", "8.62", "--key", "pack")
    for activity, tokens in (
        ("experiment-creation", 2_347),
        ("magic-mentor", 1_234),
        ("quiz-generation", 272),
    ):
        operator.run("record", "alice", activity, "--tokens", str(tokens), "--key", activity)
    operator.run("record", "alice", "profile-matching", "--key", "match")
    return operator


def test_month_of_the_transparency_system(february_terminal: Terminal) -> None:
    """The rows of the mock-up, dearest first, and a total that is their sum."""
    shown = [line.split() for line in february_terminal.run("month").lines]
    assert [
        ["activity", "count", "tokens", "value", "share"],
        ["experiment-creation", "1", "2,347", "$3.52", "56", "%"],
        ["magic-mentor", "1", "1,234", "$1.85", "30", "%"],
        ["profile-matching", "1", "300", "$0.45", "7", "%"],
        ["quiz-generation", "1", "272", "$0.41", "7", "%"],
        ["total", "4", "4,153", "$6.23", "100", "%"],
    ] == shown[1:7]
    assert "Besides: 5,000 granted, 5,000 purchased." == " ".join(shown[7])


def test_month_for_programs(february_terminal: Terminal) -> None:
    """The same figures, exact."""
    found = february_terminal.run("month", "alice", "--month", "2026-02", "--json").json
    assert (4_153, "6.229500") == (found["tokens"], found["usd"])
    assert found["tokens"] == sum(row["tokens"] for row in found["activities"])
    assert 100 == sum(row["share"] for row in found["activities"])


def test_sums_that_nobody_knows_are_said_to_be_unknown(
    february_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a saved sum ended at its bound; control: below it, nothing is said."""
    shown = february_terminal.run("month", "alice", "--month", "2026-02", "--json").json
    assert shown["is_known"] is True
    monkeypatch.setattr(report, "SUM_MAX", 100)
    shown = february_terminal.run(
        "month", "alice", "--month", "2026-02", "--json", code=ExitCode.PROBLEMS
    ).json
    assert shown["is_known"] is False
    text = february_terminal.run("month", "alice", "--month", "2026-02", code=ExitCode.PROBLEMS).out
    assert "no true sums" in text


def test_month_without_entries_is_zero(terminal: Terminal) -> None:
    """Nothing happened, and that is said."""
    shown = terminal.run("month", "--month", "2026-01").out
    assert "Nothing came in or lapsed." in shown
    assert 0 == terminal.run("month", "--month", "2026-01", "--json").json["tokens"]


def test_this_month_is_the_default(terminal: Terminal) -> None:
    """By the clock, in UTC."""
    assert "2026-02" == terminal.run("month", "--json").json["month"]
    assert "2026-03" == terminal.at(february(29, 0, 0), "month", "--json").json["month"]


@pytest.mark.parametrize("month", ["2026-13", "2026", "02-2026", "2026-2", "\x1b[31m"])
def test_what_is_no_month_is_bad_input(terminal: Terminal, month: str) -> None:
    """The message says how a month is written."""
    outcome = terminal.run("month", "--month", month, code=ExitCode.BAD_INPUT)
    assert "2026-02" in outcome.err
    assert set() == controls_in(outcome.err)


def test_history_is_newest_first(terminal: Terminal) -> None:
    """The feed of the mock-up, with what remained after each."""
    rows = terminal.run("history", "--json").json
    assert [7, 6, 5, 4, 3, 2, 1] == [row["seq"] for row in rows]
    assert [-247, -3_892, -300, 5_286, 5_000] == [row["tokens"] for row in rows[:5]]
    assert [5_847, 6_094, 9_986] == [row["balance"] for row in rows[:3]]
    assert "How do I set boundaries with family?" == rows[0]["description"]
    shown = terminal.run("history").lines
    assert 8 == len(shown)
    assert "2026-02-14 14:45:00 UTC" in shown[1]


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (("--limit", "2"), [7, 6]),
        (("--type", "magic-mentor"), [7]),
        (("--from", "2026-02-14T00:00:00Z"), [7, 6]),
        (("--to", "2026-02-14T00:00:00Z"), [5, 4, 3, 2, 1]),
        (("--from", str(february(13, 0, 0)), "--to", str(february(14, 12, 0))), [6, 5]),
        (("--type", "magic-mentor", "--to", "2026-02-14T00:00:00Z"), []),
    ],
)
def test_history_is_filtered(terminal: Terminal, options: tuple[str, ...], seqs: list[int]) -> None:
    """By type and by time: `--from` includes, `--to` does not; the limit counts what is left."""
    assert seqs == [row["seq"] for row in terminal.run("history", *options, "--json").json]
    table = csv.reader(io.StringIO(terminal.run("history", *options, "--csv").out))
    assert [str(seq) for seq in seqs] == [row[1] for row in list(table)[1:]]


def test_shortened_history_says_so(terminal: Terminal) -> None:
    """On standard error, so that the table stays a table."""
    outcome = terminal.run("history", "--limit", "3")
    assert 4 == len(outcome.lines)
    assert "the newest 3 are shown" in outcome.err
    assert "" == terminal.run("history").err


def test_csv_is_what_spreadsheets_take(terminal: Terminal) -> None:
    """RFC 4180: a header, CRLF, one row for each entry; numbers are numbers."""
    text = terminal.run("history", "--csv").out
    assert 8 == text.count("\r\n")
    rows = list(csv.DictReader(io.StringIO(text)))
    newest = rows[0]
    assert ("-247", "0.370500", "5847") == (newest["tokens"], newest["usd"], newest["balance"])
    assert "2026-02-14T14:45:00Z" == newest["occurred_at"]


def test_hostile_description_is_made_harmless(terminal: Terminal) -> None:
    """On the screen nothing obeys it, in a spreadsheet it is no formula; JSON keeps it exactly."""
    terminal.run(
        *("record", "alice", "magic-mentor", "--tokens", "1", "--key", "h", "--description", HOSTILE)
    )
    shown = terminal.run("history")
    assert set() == controls_in(shown.out + shown.err)
    assert 9 == len(shown.lines)
    cells = next(csv.DictReader(io.StringIO(terminal.run("history", "--csv").out)))
    assert cells["description"].startswith("'=HYPERLINK(1)")
    assert set() == controls_in(cells["description"])
    assert HOSTILE == terminal.run("history", "--json").json[0]["description"]
    assert controls_in(HOSTILE), "control: printed raw it would obey"


@pytest.mark.parametrize(
    "options",
    [("--csv", "--json"), ("--limit", "0"), ("--from", "soon"), ("--to", "2026-02-01"), ("--limit", "x")],
)
def test_bad_options_print_nothing(terminal: Terminal, options: tuple[str, ...]) -> None:
    """Standard output stays empty."""
    assert "" == terminal.run("history", *options, code=ExitCode.BAD_INPUT).out


@pytest.mark.parametrize("command", ["month", "history"])
def test_several_accounts_need_a_name(terminal: Terminal, command: str) -> None:
    """No account is picked by chance."""
    terminal.run("account", "new", "bob")
    assert "several accounts" in terminal.run(command, code=ExitCode.BAD_INPUT).err
    terminal.run(command, "bob")
