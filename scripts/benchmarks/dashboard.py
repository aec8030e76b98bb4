"""What the dashboard costs on a terminal: the first figure, a million rows, keys, news, and doing nothing."""

from __future__ import annotations

import compileall
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from scripts.benchmarks import arriving
from scripts.benchmarks.long_history import LABEL, TOKENS, LongHistory, long_history
from scripts.benchmarks.measuring import Row, compare, row_of
from scripts.benchmarks.terminal import Screen
from tests.relay_process import relay_process

KEYS = 60
IDLE_S = 15.0
ARRIVING_S = 15
DASHBOARD = ("-c", "from tui.app import main; main()")
EMPTY = (
    "-c",
    """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("READY", markup=False)

Empty().run()
""",
)
TABLE = (
    "-c",
    """
from textual.app import App
from textual.widgets import DataTable

class Table(App):
    def compose(self):
        yield DataTable(cursor_type="row")

    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("When", "Activity", "What", "Tokens", "USD", "Balance", "", "Proof")
        row = ("14 Feb 14:45", "Magic Mentor", "How do I set", "-247", "$0.37", "5,847", "+", "verified")
        table.add_rows([row] * 1_000)

Table().run()
""",
)


def rows(entries: int, *, rounds: int) -> list[Row]:
    """All of it, on a history of `entries`."""
    for package in ("nostr_usage", "tui", "relay_config"):
        compileall.compile_dir(package, quiet=2)
    with tempfile.TemporaryDirectory() as directory:
        history = long_history(Path(directory), entries)
        return [
            _first_figure(history, rounds),
            *_opening_history(history, rounds),
            _keys(history, rounds),
            _idle(history),
            _arriving_in_the_store(history),
            _arriving_on_a_relay(Path(directory)),
        ]


def _first_figure(history: LongHistory, rounds: int) -> Row:
    figure = f"{history.tokens:,}"
    return compare(
        "dashboard, first figure",
        lambda: _until_ms(_dashboard(history), figure),
        lambda: _until_ms(EMPTY, "READY"),
        entries=history.entries,
        peer_name="an empty Textual app",
        unit="ms of CPU",
        goal="≤ 2",
        rounds=rounds,
    )


def _until_ms(arguments: tuple[str, ...], text: str) -> float:
    """The least of three: the rest is noise of the machine."""
    return min(_once_until_ms(arguments, text) for _ in range(3))


def _once_until_ms(arguments: tuple[str, ...], text: str) -> float:
    with Screen(*arguments) as screen:
        screen.until(text.encode())
        return screen.cpu_ms()


def _opening_history(history: LongHistory, rounds: int) -> list[Row]:
    """Processor time and memory from the key to the last line that is drawn."""
    measured = [_once_opening(history) for _ in range(rounds)]
    return [
        row_of(
            "dashboard, opening History",
            [(cpu_ms, 500.0) for cpu_ms, _ in measured],
            entries=history.entries,
            peer_name="what is allowed",
            unit="ms of CPU",
            goal="≤ 1",
        ),
        row_of(
            "dashboard, memory of History",
            [(grown_mb, 20.0) for _, grown_mb in measured],
            entries=history.entries,
            peer_name="what is allowed",
            unit="MiB more",
            goal="≤ 1",
        ),
    ]


def _once_opening(history: LongHistory) -> tuple[float, float]:
    with Screen(*_dashboard(history)) as screen:
        _settled(screen, history)
        cpu_ms, resident_mb = screen.cpu_ms(), screen.resident_mb()
        screen.type(b"3")
        screen.until(f"{history.entries:,} entries".encode())
        screen.settle()
        return screen.cpu_ms() - cpu_ms, screen.resident_mb() - resident_mb


def _keys(history: LongHistory, rounds: int) -> Row:
    def ours() -> float:
        with Screen(*_dashboard(history)) as screen:
            _settled(screen, history)
            screen.type(b"3")
            return _key_ms(screen)

    def peer() -> float:
        with Screen(*TABLE) as screen:
            screen.until(b"Magic Mentor")
            return _key_ms(screen)

    return compare(
        "dashboard, a key in History",
        ours,
        peer,
        entries=history.entries,
        peer_name="Textual's DataTable of 1,000 rows",
        unit="ms of CPU",
        goal="≤ 1",
        rounds=rounds,
    )


def _key_ms(screen: Screen) -> float:
    """One line down, each drawn before the next."""
    screen.settle()
    before = screen.cpu_ms()
    for _ in range(KEYS):
        screen.type(b"\x1b[B")
        screen.until()
    screen.settle()
    return (screen.cpu_ms() - before) / KEYS


def _idle(history: LongHistory) -> Row:
    with Screen(*_dashboard(history)) as screen:
        _settled(screen, history)
        before = screen.cpu_ms()
        screen.watch(IDLE_S)
        used = (screen.cpu_ms() - before) / IDLE_S / 10
    return row_of(
        "dashboard, idle",
        [(used, 1.0)],
        entries=history.entries,
        peer_name="what is allowed",
        unit="% of a core",
        goal="≤ 1",
    )


def _arriving_in_the_store(history: LongHistory) -> Row:
    """As somebody records in the same home: looked at four times a second, drawn, nothing left out."""
    entries = ARRIVING_S * arriving.A_SECOND
    with Screen(*_dashboard(history)) as screen:
        _settled(screen, history)
        before = screen.cpu_ms()
        seconds = _while_watched(screen, lambda: arriving.record_steadily(history, entries))
        left = history.tokens - TOKENS * entries
        _nothing_lost(screen, entries=history.entries + entries, tokens=left)
        used = (screen.cpu_ms() - before) / seconds / 10
    return _arriving_row("dashboard, 1,000 entries/s stored", used, history.entries)


def _arriving_on_a_relay(directory: Path) -> Row:
    """As a relay shows them to a follower: checked, folded, kept, drawn."""
    (directory / "operator").mkdir()
    history = arriving.signed_history(directory / "operator", ARRIVING_S * arriving.A_SECOND)
    with relay_process(directory / "relay.sqlite") as url:
        arriving.publish(url, history.events[: arriving.FIRST])
        home = arriving.follower_home(directory, history, url)
        with Screen(*DASHBOARD, "--home", str(home.path)) as screen:
            screen.until(b"Magic Mentor")
            screen.settle()
            rest = history.events[arriving.FIRST :]
            before = screen.cpu_ms()
            seconds = _while_watched(screen, lambda: arriving.publish_steadily(url, rest))
            _nothing_lost(screen, entries=len(history.events), tokens=history.tokens)
            used = (screen.cpu_ms() - before) / seconds / 10
    return _arriving_row("dashboard, 1,000 events/s on a relay", used, len(history.events))


def _arriving_row(name: str, used: float, entries: int) -> Row:
    return row_of(
        name, [(used, 25.0)], entries=entries, peer_name="what is allowed", unit="% of a core", goal="≤ 1"
    )


def _while_watched(screen: Screen, work: Callable[[], float]) -> float:
    """What `work` gives, done while somebody reads what is drawn."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            screen.watch(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        return work()
    finally:
        is_over.set()
        watcher.join()


def _nothing_lost(screen: Screen, *, entries: int, tokens: int) -> None:
    """Both figures are drawn in the end, or this waits in vain; what catching up costs counts, too."""
    screen.type(b"3")
    screen.until(f"{entries:,} entries, which add up to {tokens:,}".encode())


def _dashboard(history: LongHistory) -> tuple[str, ...]:
    return (*DASHBOARD, "--home", str(history.home.path), LABEL)


def _settled(screen: Screen, history: LongHistory) -> None:
    screen.until(f"{history.tokens:,}".encode())
    screen.settle()
