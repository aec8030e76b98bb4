"""scripts/demo.py end to end on a short trace: all sums agree, and nothing outlives it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_line import ROOT, environment_with_commands

DEMO = ROOT / "scripts" / "demo.py"
REQUESTS = 60


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the demonstration keeps its temporary directory."""
    made = tmp_path / "temporary"
    made.mkdir()
    return made


@contextmanager
def demonstration(directory: Path, *options: str) -> Generator[subprocess.Popen[str]]:
    """The script in a process of its own, ended at the end."""
    environment = environment_with_commands(directory.parent / "bin") | {"TMPDIR": str(directory)}
    with subprocess.Popen(
        [sys.executable, "-u", DEMO, "--requests", str(REQUESTS), *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def processes_in(directory: Path) -> list[str]:
    """The command lines of living processes that name the directory, or work in it."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(directory) in words or (process / "cwd").readlink().is_relative_to(directory):
                found.append(words)
        except OSError:
            continue
    return found


def test_everyone_finds_the_same_sums(directory: Path) -> None:
    """Operator, reader and auditor agree, a report follows, and no process or file is left."""
    with demonstration(directory) as process:
        output, _ = process.communicate(timeout=100)

    assert 0 == process.returncode, output
    assert "✓ all three agree, account by account" in output
    assert f"2  {REQUESTS} real AI requests" in output
    assert 3 == output.count("  20 accounts, ")
    assert "magic-mentor" in output.partition("One customer")[2]
    assert "Traceback" not in output
    assert 100 >= max(map(len, output.partition("One customer")[0].splitlines()))
    assert ([], []) == (processes_in(directory), list(directory.iterdir()))


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["relay on", "become signed entries", "nostr-usage --home reader sync"])
def test_it_can_be_stopped_at_any_time(directory: Path, interrupt: signal.Signals, moment: str) -> None:
    """At its beginning, while recording or while reading: exit code 130, no traceback, nothing left."""
    with demonstration(directory) as process:
        assert process.stdout is not None
        seen = ""
        while moment not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        assert processes_in(directory), "control: a relay is found while it runs"
        process.send_signal(interrupt)
        seen += process.communicate(timeout=30)[0]

    assert 130 == process.returncode, seen
    assert seen.endswith("stopped; nothing is left running\n")
    assert "Traceback" not in seen
    assert ([], []) == (processes_in(directory), list(directory.iterdir()))


def test_it_stays_up_when_asked(directory: Path) -> None:
    """With --keep relays and homes are there until it is interrupted."""
    with demonstration(directory, "--keep") as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("try "):
            assert line
        (kept,) = directory.iterdir()
        assert {"operator", "reader", "relay-1.sqlite"} <= {path.name for path in kept.iterdir()}
        assert 2 == len(processes_in(directory))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert ([], []) == (processes_in(directory), list(directory.iterdir()))
