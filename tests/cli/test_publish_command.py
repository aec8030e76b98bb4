"""`publish`: what is left over is named, and `--again` sends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.clock import SystemClock
from nostr_usage.home import Home
from tests.relay_process import relay_process
from tests.terminal import Terminal


@pytest.fixture(scope="module")
def relays(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, str]]:
    """Two relays in processes of their own."""
    directory = tmp_path_factory.mktemp("relays")
    with ExitStack() as stack:
        first, second = (stack.enter_context(relay_process(directory / f"{n}.sqlite")) for n in (1, 2))
        yield first, second


@pytest.fixture
def terminal(tmp_path: Path, relays: tuple[str, str]) -> Terminal:
    """An operator who writes to the first of them and has published an account."""
    terminal = Terminal(tmp_path / "operator", now=SystemClock().now())
    terminal.run("init", "--relay", relays[0])
    terminal.run("account", "new", "alice")
    terminal.run("publish")
    return terminal


def join(terminal: Terminal, relay: str) -> None:
    """Add a relay to the set."""
    path = Home(terminal.home).relays_path
    path.write_text(path.read_text("utf-8") + f'\n[[relays]]\nurl = "{relay}"\n', "utf-8")


def test_what_was_refused_is_named_and_sent_again(terminal: Terminal, relays: tuple[str, str]) -> None:
    """The report says how, `relays` as well, and repeating the command without the option changes nothing."""
    with closing(sqlite3.connect(Home(terminal.home).store_path)) as connection, connection:
        connection.execute("UPDATE outbox SET state = 'refused', reason = 'blocked: not here'")
        connection.execute("UPDATE relays SET confirmed = 0")
    left = terminal.run("publish", code=ExitCode.PROBLEMS).out
    assert f"nostr-usage publish --again {relays[0]}" in left
    assert "--again" in terminal.run("relays", "--offline", code=ExitCode.PROBLEMS).out
    found = terminal.run("publish", "--again", relays[0], "--json").json
    assert found["published"] == found["again"][0]["refused"] > 0
    assert (0, 0) == (found["waiting"], found["queues"][0]["refused"])
    assert "--again" not in terminal.run("publish").out


def test_a_new_relay_gets_the_past_when_asked(terminal: Terminal, relays: tuple[str, str]) -> None:
    """Both commands say that it lacks something; with the option it has everything."""
    join(terminal, relays[1])
    assert "older than its place in the set" in terminal.run("publish").out
    (_, lacking) = terminal.run("relays", "--offline", "--json").json
    assert lacking["unqueued"] > 0
    assert "older than its place in the set" in terminal.run("relays", "--offline").out
    found = terminal.run("publish", "--again", "--json").json
    assert [0, lacking["unqueued"]] == [queued["unqueued"] for queued in found["again"]]
    assert [0, 0] == [queue["unqueued"] for queue in found["queues"]]
    assert lacking["unqueued"] == found["published"]


def test_what_waits_is_not_called_published(terminal: Terminal) -> None:
    """Nothing is due yet: the run says until when it waits, and its exit code that something does."""
    with closing(sqlite3.connect(Home(terminal.home).store_path)) as connection, connection:
        later = terminal.clock.now() + 600
        connection.execute("UPDATE outbox SET state = 'pending', next_attempt_at = ?", (later,))
        connection.execute("UPDATE relays SET confirmed = 0")
    outcome = terminal.run("publish", code=ExitCode.PROBLEMS)
    assert "the next until" in outcome.out
    terminal.clock.advance(601)
    assert "the next until" not in terminal.run("publish").out


def test_a_relay_outside_the_set_is_refused(terminal: Terminal) -> None:
    """It is not written to, so nothing is queued for it."""
    outcome = terminal.run("publish", "--again", "wss://relay.example", code=ExitCode.BAD_INPUT)
    assert "relay.example" in outcome.err
