"""The command line as a whole: help, exit codes, what goes where, and readers that leave early."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from nostr_usage.cli.main import COMMANDS, main
from nostr_usage.cli.output import ExitCode
from tests.terminal import COMMAND, Terminal, controls_in, feed, operator_terminal


def every_command() -> Iterator[tuple[str, ...]]:
    """The names of all commands, those of groups with the group's name before them."""
    context = click.Context(main)
    for name in main.list_commands(context):
        yield (name,)
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.list_commands(context))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The feed's operator, for commands in processes of their own."""
    operator = operator_terminal(tmp_path_factory.mktemp("command-line"))
    feed(operator)
    return operator.home


def start(
    home: Path, *arguments: str, stdout: int = subprocess.PIPE, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NOSTR_USAGE_HOME": str(home), **(environment or {})},
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code of a process, and what it wrote where."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("names", every_command(), ids=" ".join)
def test_every_command_has_help(tmp_path: Path, names: tuple[str, ...]) -> None:
    """It says what the command does, with an example and the exit codes, and needs no home."""
    shown = Terminal(tmp_path / "nowhere").run(*names, "--help").out
    assert f"Usage: nostr-usage {' '.join(names)}" in shown
    context = click.Context(main)
    command = main.get_command(context, names[0])
    if not isinstance(command, click.Group) or len(names) > 1:
        assert "Example" in shown
        assert "Exit codes:" in shown
    assert not (tmp_path / "nowhere").exists()


def test_help_names_every_command(tmp_path: Path) -> None:
    """In the order of the table, each with its summary, without loading one."""
    shown = Terminal(tmp_path).run("--help").out
    listed = [
        line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines() if line.startswith("  ")
    ]
    assert list(COMMANDS) == [name for name in listed if name in COMMANDS]
    assert "Exit codes: 0 done" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("balanse",),
        ("balance", "--colour"),
        ("balance", "a", "b"),
        ("--frobnicate",),
        ("account",),
        ("account", "neu"),
        ("\x1b[31m",),
    ],
)
def test_wrong_command_lines_are_bad_input(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The message says where help is, and what was typed is made harmless."""
    outcome = Terminal(tmp_path).run(*arguments, code=ExitCode.BAD_INPUT)
    assert set() == controls_in(outcome.out + outcome.err)
    assert "--help" in outcome.err + outcome.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("balance",), ExitCode.DONE),
        (("balance", "nobody"), ExitCode.BAD_INPUT),
        (("record", "alice", "magic-mentor", "--key", "k"), ExitCode.REFUSED),
        (("--home", "/nonexistent", "balance"), ExitCode.BAD_HOME),
        (("version",), ExitCode.DONE),
        (("--version",), ExitCode.DONE),
    ],
)
def test_exit_codes_of_processes(home: Path, arguments: tuple[str, ...], code: ExitCode) -> None:
    """Results go to standard output, everything else to standard error, and there is no traceback."""
    ended, out, err = finished(start(home, *arguments))
    assert code == ended, err
    assert (code == ExitCode.DONE) == bool(out)
    assert (code == ExitCode.DONE) != err.startswith("error: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}])
@pytest.mark.parametrize(
    "arguments", [("history",), ("events", "--jsonl"), ("--help",), ("history", "--csv")]
)
def test_reader_that_leaves_early_is_no_error(
    home: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    """As with `| head -1`: no traceback, not even from the interpreter's end."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        process = start(home, *arguments, stdout=write_end, environment=environment)
    finally:
        os.close(write_end)
    code, _, err = finished(process)
    assert "" == err
    assert code in {ExitCode.DONE, 1}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_full_disk_is_an_error(home: Path) -> None:
    """What could not be written is not said to be done."""
    with Path("/dev/full").open("w") as full:
        code, _, err = finished(start(home, "history", stdout=full.fileno()))
    assert (ExitCode.BAD_HOME, "error: output: No space left on device\n") == (code, err)


def test_arguments_that_are_no_utf8_are_refused(home: Path) -> None:
    """Neither SQLite nor JSON could keep them."""
    done = subprocess.run(
        [*COMMAND, "--home", str(home), "account", "new", b"\xff"], capture_output=True, check=False
    )
    assert ExitCode.BAD_INPUT == done.returncode
    assert b"not valid UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_text_is_shown_in_an_ascii_terminal(home: Path) -> None:
    """What it cannot show becomes a question mark; nothing fails."""
    code, out, err = finished(
        start(home, "balance", environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    )
    assert (0, "") == (code, err)
    assert "5,8" in out or "tokens" in out


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("settings.toml", 'descriptions = "sealed"', 'descriptions = "whispered"'),
        ("settings.toml", 'role = "operator"', 'role = "emperor"'),
        ("settings.toml", "version = 1", "version = 2"),
        ("settings.toml", "version = 1", "version = [[[["),
        ("settings.toml", 'account = ""', 'account = "zz"'),
        ("settings.toml", 'ledger_pubkey = "', 'ledger_pubkey = "zz'),
        ("keys/ledger.key", "", "not a key "),
        ("ledger.sqlite", None, "not a database, but long enough to be read as one" * 20),
        ("keys/accounts.sqlite", None, "not a database, but long enough to be read as one" * 20),
        ("ledger.sqlite", None, ""),
    ],
)
def test_broken_home_is_said_to_be(tmp_path: Path, file: str, old: str | None, new: str) -> None:
    """Whichever file it is: a message that names it, no traceback, and nothing is repaired by guessing."""
    terminal = operator_terminal(tmp_path)
    terminal.run("account", "new", "alice")
    path = terminal.home / file
    path.write_text(new if old is None else path.read_text().replace(old, new, 1))
    before = path.read_bytes()
    outcome = terminal.run(
        *("record", "alice", "magic-mentor", "--tokens", "1", "--key", "k"),
        code=ExitCode.BAD_INPUT if "not a key" in new else ExitCode.BAD_HOME,
    )
    assert ("", before) == (outcome.out, path.read_bytes())
    assert Path(file).name in outcome.err or "not a secret key" in outcome.err


def test_secrets_are_nowhere_in_output(tmp_path: Path) -> None:
    """No command prints a key but `account export`; the control finds that one."""
    terminal = operator_terminal(tmp_path)
    feed(terminal)
    keys = [path.read_text().strip() for path in terminal.home.rglob("*.key")]
    entry = terminal.run("history", "--json").json[0]["entry_id"]
    shown = [
        terminal.run(*arguments)
        for arguments in (
            ("account", "list", "--json"),
            ("account", "show", "alice", "--json"),
            ("balance", "--json"),
            ("show", entry, "--json"),
            ("events", "--jsonl"),
            ("audit", "--json"),
            ("version", "--json"),
        )
    ]
    text = "".join(outcome.out + outcome.err for outcome in shown)
    assert 2 == len(keys)
    assert [] == [key for key in keys if key in text]
    assert "nsec1" not in text
    assert "nsec1" in terminal.run("account", "export", "alice", "--yes").out
