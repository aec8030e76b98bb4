"""`events` and `import-events`: the signed events out of a home and into one, verified both ways."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.nostr.event import UnsignedEvent, event_from_json, event_to_json, sign_event, verify_event
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.signer import Signer
from tests.terminal import Terminal, controls_in, feed, follower_terminal, operator_terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator with the feed's account."""
    operator = operator_terminal(tmp_path)
    feed(operator)
    return operator


@pytest.fixture
def follower(tmp_path: Path, terminal: Terminal) -> Terminal:
    """A follower's home without entries."""
    return follower_terminal(tmp_path, terminal)


def lines_of(terminal: Terminal, *options: str) -> list[bytes]:
    """The events as JSON lines."""
    return terminal.run("events", "--jsonl", *options).out.encode().splitlines()


def take_in(follower: Terminal, lines: list[bytes], *, code: ExitCode = ExitCode.DONE) -> Any:
    """What `import-events` says of these lines."""
    return follower.run("import-events", "-", "--json", stdin=b"\n".join(lines), code=code).json


def altered(line: bytes, **changes: object) -> bytes:
    """The line with other fields, signed by nobody."""
    return json.dumps({**json.loads(line), **changes}, separators=(",", ":"), ensure_ascii=False).encode()


def test_jsonl_is_every_event_as_it_was_signed(terminal: Terminal) -> None:
    """Each line verifies, in the order of commit, the manifest first."""
    events = [verify_event(event_from_json(line)) for line in lines_of(terminal)]
    assert 8 == len(events)
    assert Home(terminal.home).settings().ledger_id == events[0].id
    with closing(sqlite3.connect(Home(terminal.home).store_path)) as connection:
        stored = [row for (row,) in connection.execute("SELECT event FROM events ORDER BY event_no")]
    assert stored == lines_of(terminal)


def test_list_is_one_line_for_each(terminal: Terminal) -> None:
    """Time, id, kind, operation and place."""
    lines = terminal.run("events").lines
    assert 8 == len(lines)
    assert ["debit"] == [word for word in lines[-1].split() if word == "debit"]
    assert lines[-1].endswith(":tokens:7")


def test_events_of_one_account(terminal: Terminal) -> None:
    """Only its own entries, in their order."""
    terminal.run("account", "new", "bob")
    assert [7, 3] == [len(lines_of(terminal, "--account", name)) for name in ("alice", "bob")]
    terminal.run("events", "--account", "carol", code=ExitCode.BAD_INPUT)


def test_export_into_a_file(terminal: Terminal, tmp_path: Path) -> None:
    """The same lines; a file that is there is replaced once the new one is complete."""
    path = tmp_path / "ledger.jsonl"
    path.write_text("old")
    assert "" == terminal.run("events", "--output", str(path)).out
    assert lines_of(terminal) == path.read_bytes().splitlines()
    assert [path.name] == [file.name for file in tmp_path.glob("ledger*")]
    terminal.run("events", "--output", str(tmp_path / "no" / "where"), code=ExitCode.BAD_INPUT)


def test_event_with_a_wrong_signature_is_not_exported(terminal: Terminal) -> None:
    """It is named on standard error, and all others are there."""
    lines = lines_of(terminal)
    wrong = altered(lines[4], sig="00" * 64)
    with closing(sqlite3.connect(Home(terminal.home).store_path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER event_is_final")
        connection.execute("UPDATE events SET event = ? WHERE event_no = 5", (wrong,))
    outcome = terminal.run("events", "--jsonl", code=ExitCode.PROBLEMS)
    assert [*lines[:4], *lines[5:]] == outcome.out.encode().splitlines()
    assert json.loads(lines[4])["id"] in outcome.err


def test_follower_gets_the_same_ledger(terminal: Terminal, follower: Terminal) -> None:
    """Balance, history and audit are the operator's, to the token."""
    found = take_in(follower, lines_of(terminal))
    assert (8, 7, 1) == (found["read"], found["added"], found["manifests"])
    for command in (("balance",), ("month",)):
        mine, theirs = (home.run(*command, "--json").json for home in (follower, terminal))
        assert {**theirs, "label": ""} == {**mine, "label": ""}
    assert follower.run("audit", "--json").json["is_sound"]
    with closing(sqlite3.connect(Home(follower.home).store_path)) as connection:
        assert [(1, 7)] == connection.execute("SELECT sig_checked, count(*) FROM events").fetchall()


def test_order_and_repeats_do_not_matter(terminal: Terminal, follower: Terminal) -> None:
    """Any order, any number of copies, blank lines between them, in any number of goes."""
    lines = lines_of(terminal)
    mixed = [*lines, b"", *lines]
    Random(7).shuffle(mixed)
    found = take_in(follower, mixed)
    assert (16, 7) == (found["read"], found["added"])
    again = take_in(follower, lines)
    assert (0, 7, 1) == (again["added"], again["known"], again["manifests"])


def test_later_events_go_on_top(terminal: Terminal, follower: Terminal) -> None:
    """A second file brings what happened since."""
    take_in(follower, lines_of(terminal))
    terminal.run("record", "alice", "magic-mentor", "--tokens", "7", "--key", "k")
    found = take_in(follower, lines_of(terminal))
    assert (1, 7) == (found["added"], found["known"])
    assert 5_840 == follower.run("balance", "--json").json["tokens"]


def test_gap_is_named_and_filled_later(terminal: Terminal, follower: Terminal) -> None:
    """What lies above it waits; the balance is not final until it comes."""
    lines = lines_of(terminal)
    found = take_in(follower, [*lines[:4], *lines[5:]], code=ExitCode.PROBLEMS)
    (stream,) = found["streams"]
    assert (3, 3, [4], "incomplete") == (
        found["added"],
        found["waiting"],
        stream["missing"],
        stream["state"],
    )
    follower.run("balance", code=ExitCode.PROBLEMS)
    assert 4 == take_in(follower, lines[4:])["added"]
    assert 5_847 == follower.run("balance", "--json").json["tokens"]


SPOILED: tuple[tuple[Callable[[bytes], bytes], str], ...] = (
    (lambda line: altered(line, sig="00" * 64), "forged"),
    (lambda line: altered(line, content="x"), "malformed"),
    (lambda line: line[:-1], "malformed"),
    (lambda _line: b"[1, 2", "malformed"),
    (lambda _line: b"\xff\xfe\x00", "malformed"),
    (lambda _line: b"x" * 200_000, "malformed"),
    (lambda _line: b"[" * 60_000, "malformed"),
)


@pytest.mark.parametrize(("spoil", "counted"), SPOILED)
def test_spoiled_newest_event_is_refused(
    terminal: Terminal, follower: Terminal, spoil: Callable[[bytes], bytes], counted: str
) -> None:
    """All before it is kept; the control, unspoiled, is kept whole."""
    lines = lines_of(terminal)
    found = take_in(follower, [*lines[:-1], spoil(lines[-1])], code=ExitCode.PROBLEMS)
    assert (6, 1) == (found["added"], found[counted])
    assert 6_094 == follower.run("balance", "--json").json["tokens"]
    assert 1 == take_in(follower, lines)["added"]


def test_corrupt_copy_does_not_hide_a_good_one(terminal: Terminal, follower: Terminal) -> None:
    """Whichever comes first."""
    lines = lines_of(terminal)
    corrupt = [altered(line, sig="11" * 64) for line in lines[1:]]
    found = take_in(follower, [*corrupt, *lines], code=ExitCode.PROBLEMS)
    assert 7 == found["added"]
    assert 8 == len(lines_of(follower)) + 1


def stranger_event(**changes: Any) -> bytes:
    """A sound event by a key that nobody here knows."""
    signer = Signer(SecretKey(b"\x07" * 32), entropy=Random(1).randbytes)
    unsigned = UnsignedEvent(pubkey=signer.pubkey, created_at=1, kind=30078, tags=(("d", "x"),))
    return altered(event_to_json(sign_event(unsigned, signer)), **changes)


def test_events_of_strangers_are_counted_and_refused(terminal: Terminal, follower: Terminal) -> None:
    """Sound or not, they are nothing of this ledger."""
    found = take_in(follower, [*lines_of(terminal), stranger_event()], code=ExitCode.PROBLEMS)
    assert (7, 1) == (found["added"], found["foreign"])
    assert "by another key" in found["reasons"][0]


def test_fork_is_kept_as_evidence(terminal: Terminal, follower: Terminal, tmp_path: Path) -> None:
    """Two signed entries in one place: both are shown, no side is taken, and the state says so."""
    before = lines_of(terminal)
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in terminal.home.rglob("*"):
        target = copy / path.relative_to(terminal.home)
        if path.is_dir():
            target.mkdir()
        else:
            target.touch(mode=0o600)
            target.write_bytes(path.read_bytes())
    twin = Terminal(copy, now=terminal.clock.now())
    for home, key in ((terminal, "a"), (twin, "b")):
        home.run("record", "alice", "magic-mentor", "--tokens", "1", "--key", key)
    take_in(follower, [*before, *lines_of(terminal)[8:]])
    found = take_in(follower, lines_of(twin)[8:], code=ExitCode.PROBLEMS)
    assert ("conflict", 1) == (found["streams"][0]["state"], found["streams"][0]["forks"])
    follower.run("balance", code=ExitCode.PROBLEMS)
    codes = {
        finding["code"]
        for finding in follower.run("audit", "--json", code=ExitCode.PROBLEMS).json["findings"]
    }
    assert {"fork"} == codes


def test_text_report_is_harmless(terminal: Terminal, follower: Terminal) -> None:
    """Reasons name lines; nothing hostile in them reaches the terminal."""
    hostile = b'{"id": "\x1b]52;c;x\x07"}'
    outcome = follower.run(
        "import-events", "-", stdin=b"\n".join([*lines_of(terminal), hostile]), code=ExitCode.PROBLEMS
    )
    assert "9 events read: 7 entries added, 1 manifests, 1 malformed" == outcome.lines[0]
    assert "line 9: " in outcome.err
    assert set() == controls_in(outcome.out + outcome.err)


def test_missing_file_is_bad_input(follower: Terminal) -> None:
    """Nothing is read, nothing is kept."""
    assert "" == follower.run("import-events", "missing.jsonl", code=ExitCode.BAD_INPUT).out


def test_empty_file_adds_nothing(follower: Terminal) -> None:
    """No lines are no error."""
    assert 0 == take_in(follower, [])["read"]
