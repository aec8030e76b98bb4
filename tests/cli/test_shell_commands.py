"""`completion|tui|version`: what surrounds the ledger."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.nostr import schnorr
from tests.terminal import COMMAND, Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A place where there is no home: these commands need none."""
    return Terminal(tmp_path / "home")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_that_shell(terminal: Terminal, shell: str) -> None:
    """It completes `nostr-usage`; where the shell is installed, the shell takes it."""
    script = terminal.run("completion", shell).out
    assert "_NOSTR_USAGE_COMPLETE" in script
    program = shutil.which(shell)
    if program:
        subprocess.run([program, "-n", "-c", script], check=True, capture_output=True)


def test_other_shells_are_bad_input(terminal: Terminal) -> None:
    """The message lists those that are known."""
    assert "zsh" in terminal.run("completion", "tcsh", code=ExitCode.BAD_INPUT).err


@pytest.mark.parametrize(
    ("typed", "position", "expected"),
    [
        ("nostr-usage re", "1", {"record", "refund", "relay", "replay"}),
        ("nostr-usage account e", "2", {"export"}),
    ],
)
def test_completion_knows_the_commands(typed: str, position: str, expected: set[str]) -> None:
    """What the shell asks is answered, for groups too."""
    done = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "_NOSTR_USAGE_COMPLETE": "bash_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": position,
        },
    )
    assert expected <= {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert "" == done.stderr


def test_version_names_the_signature_backends(terminal: Terminal) -> None:
    """In the order in which they are used."""
    found = terminal.run("version", "--json").json
    assert list(schnorr.available_backends()) == found["signature_backends"]
    assert "signatures by coincurve" in terminal.run("version").out


def test_missing_backend_is_said(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without secp256k1 audits have no second opinion, and nobody should think they have."""
    monkeypatch.setattr(schnorr, "available_backends", lambda: ("coincurve",))
    assert "secp256k1 is absent" in terminal.run("version").out
    assert ["secp256k1"] == terminal.run("version", "--json").json["missing_signature_backends"]


def test_tui_starts_the_dashboard_on_this_home(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a program of its own, with its arguments and its exit code."""
    program, note = tmp_path / "nostr-usage-tui", tmp_path / "note"
    program.write_text(f'#!/bin/sh\necho "$NOSTR_USAGE_HOME $@" > {note}\nexit 3\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    terminal.run("tui", "--theme", "dark", code=ExitCode.REFUSED)
    assert f"{terminal.home} --theme dark\n" == note.read_text()


def test_missing_dashboard_is_said(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice says what to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "nostr-usage-tui is not installed" in terminal.run("tui", code=ExitCode.BAD_INPUT).err
