"""The start of the command line: two looks go around click, and nobody can tell from what they print."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from nostr_usage.cli.start import HOME_OPTION, Look, execute, look_of
from nostr_usage.home import HOME_VARIABLE
from tests.terminal import Terminal, feed, operator_terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator with two accounts, of which one has used tokens."""
    terminal = operator_terminal(tmp_path)
    feed(terminal)
    terminal.run("account", "new", "bob")
    return terminal


def printed(terminal: Terminal, *arguments: str) -> tuple[int, str, str]:
    """The exit code, and what was printed where."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = execute(arguments, clock=terminal.clock)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("command", ["balance", "statusline"])
@pytest.mark.parametrize("account", [(), ("alice",), ("bob",), ("nobody",)], ids=str)
def test_a_look_prints_what_its_command_prints(
    terminal: Terminal, command: str, account: tuple[str, ...]
) -> None:
    """`--home=…` is not the plainest form, so it goes through click: the same code, text and errors."""
    plain = (HOME_OPTION, str(terminal.home), command, *account)
    through_click = (f"{HOME_OPTION}={terminal.home}", command, *account)
    assert (True, False) == (look_of(plain) is not None, look_of(through_click) is not None)
    assert printed(terminal, *through_click) == printed(terminal, *plain)


def test_the_home_of_the_environment_counts(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a status bar has it."""
    monkeypatch.setenv(HOME_VARIABLE, str(terminal.home))
    assert Look("balance", "alice", None) == look_of(["balance", "alice"])
    assert terminal.run("balance", "alice").out == printed(terminal, "balance", "alice")[1]


@pytest.mark.parametrize(
    "typed",
    [
        (),
        ("balance", "--json"),
        ("balance", "--help"),
        ("statusline", "--bad"),
        ("balance", "alice", "--json"),
        ("balance", "alice", "bob"),
        ("month", "alice"),
        ("balance", "--", "alice"),
    ],
    ids=str,
)
def test_everything_else_is_for_click(terminal: Terminal, typed: tuple[str, ...]) -> None:
    """Options, help, mistakes, other commands."""
    assert look_of((HOME_OPTION, str(terminal.home), *typed)) is None


def test_a_home_that_is_none_is_for_click(tmp_path: Path) -> None:
    """It says what is wrong with it."""
    (tmp_path / "file").touch()
    assert look_of((HOME_OPTION, str(tmp_path / "missing"), "balance")) is None
    assert look_of((HOME_OPTION, str(tmp_path / "file"), "balance")) is None
