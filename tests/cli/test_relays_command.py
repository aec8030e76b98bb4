"""`relays`: how each relay answers, what waits, what it refused, and who can read there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.clock import SystemClock
from nostr_usage.home import Home
from tests.relay_process import relay_process
from tests.terminal import Terminal, follower_terminal, operator_terminal


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A relay in a process of its own."""
    with relay_process(tmp_path_factory.mktemp("relay") / "relay.sqlite") as url:
        yield url


@pytest.fixture
def terminal(tmp_path: Path, relay: str) -> Terminal:
    """An operator who writes to that relay, on a clock that agrees with the relay's."""
    terminal = Terminal(tmp_path / "operator", now=SystemClock().now())
    terminal.run("init", "--relay", relay)
    return terminal


def test_a_relay_that_answers_is_described(terminal: Terminal, relay: str) -> None:
    """State, round trip, what waits, its own description, and what became of the canary."""
    (found,) = terminal.run("relays", "--json").json
    assert relay.rstrip("/") == found["url"].rstrip("/")
    assert ("answered", 1, 0) == (found["condition"], found["waiting"], found["refused"])
    assert found["round_trip_ms"] >= 0
    assert found["information"]["software"]
    assert found["is_auditable"] is True
    assert ["served"] * 3 == [found["canary"][who]["sight"] for who in ("anonymous", "other", "author")]
    shown = terminal.run("relays").out
    assert "without a key: served" in shown
    assert "yes" in shown


def test_answers_to_the_canary_are_remembered_for_a_day(terminal: Terminal) -> None:
    """The next look shows them without a new canary; after a day, or when asked, there is another."""

    def canary(*options: str) -> str:
        event_id: str = terminal.run("relays", "--json", *options).json[0]["canary"]["event_id"]
        return event_id

    first = canary()
    terminal.clock.advance(60)
    assert first == canary() == canary("--offline") == canary("--no-canary")
    second = canary("--canary")
    assert first != second
    terminal.clock.advance(86_401)
    assert second == canary("--offline")
    with closing(sqlite3.connect(Home(terminal.home).store_path)) as connection:
        (kept,) = connection.execute("SELECT value FROM settings WHERE name = 'canary:0'").fetchone()
    assert second == json.loads(kept)["event_id"]


def test_a_relay_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    """Nothing is known of who can read there; what waits for it is counted."""
    away = operator_terminal(tmp_path)
    (found,) = away.run("relays", "--json", code=ExitCode.NO_RELAY).json
    assert ("unreachable", None, None) == (found["condition"], found["round_trip_ms"], found["canary"])
    assert found["waiting"] >= 1
    assert "unknown" in away.run("relays", code=ExitCode.NO_RELAY).out
    assert "not asked" in away.run("relays", "--offline").out


@pytest.mark.parametrize(
    ("later_s", "lag"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7_300, "2 h"), (3 * 86_400, "3 d")]
)
def test_the_lag_of_a_relay_is_the_age_of_what_waits_longest(tmp_path: Path, later_s: int, lag: str) -> None:
    """In its largest whole unit; a relay that has everything has none."""
    away = operator_terminal(tmp_path)
    assert [None] == [found["waiting_since"] for found in away.run("relays", "--offline", "--json").json]
    away.run("account", "new", "alice")
    away.clock.advance(later_s)
    (found,) = away.run("relays", "--offline", "--json").json
    assert later_s == away.clock.now() - found["waiting_since"]
    assert f"  {lag}  " in away.run("relays", "--offline").out


def test_refusals_are_shown_with_their_reasons(tmp_path: Path) -> None:
    """In the relay's own words, with the number of events; and the exit code says so."""
    refused = operator_terminal(tmp_path)
    with closing(sqlite3.connect(Home(refused.home).store_path)) as connection, connection:
        connection.execute("UPDATE outbox SET state = 'refused', reason = 'blocked: not here'")
    (found,) = refused.run("relays", "--offline", "--json", code=ExitCode.PROBLEMS).json
    assert found["refused"] == found["objections"][0][2]
    assert "blocked: not here" in refused.run("relays", "--offline", code=ExitCode.PROBLEMS).out


def test_a_followers_home_sends_no_canary(tmp_path: Path, terminal: Terminal) -> None:
    """It has no key; it still tells how its relays answer."""
    follower = follower_terminal(tmp_path, terminal)
    (found,) = follower.run("relays", "--json", "--canary", code=ExitCode.NO_RELAY).json
    assert found["canary"] is None
