"""Where `nostr-usage` begins: words ─▶ a look, or a command of click ─▶ exit code.

Two commands are run every few seconds by status bars and prompts, and loading click takes as long as all that
they do. In its plainest form each is called from here, by the function that its click command calls; with an
option, with help or with a mistake the words go to click, which knows all options.
"""

import gc
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nostr_usage.cli.output import ExitCode, exit_code_of, finish_output, give_up_output, print_error
from nostr_usage.clock import Clock, SystemClock
from nostr_usage.errors import HomeError, InputError, NostrUsageError
from nostr_usage.home import Home, default_home_path

HOME_OPTION = "--home"
LOOKS = ("balance", "statusline")
"""Commands that print what an account has."""


class Look(NamedTuple):
    """`nostr-usage [--home HOME] COMMAND [ACCOUNT]`, and nothing else."""

    command: str
    account: str | None
    home: Path | None


def run() -> None:
    """Run the command line and end the process with the exit code that its outcome has."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character still shows the rest
    code = execute()
    gc.freeze()  # else the interpreter looks for cycles once more before it ends, a tenth of a look's time
    sys.exit(code)


def execute(arguments: Sequence[str] | None = None, *, clock: Clock | None = None) -> int:
    """Run one command, by default the process's own; the exit code."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    try:
        _refuse_bytes(typed)
        code = _run(typed, clock=clock or SystemClock())
        sys.stdout.flush()
    except NostrUsageError as error:
        print_error(error)
        return exit_code_of(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        give_up_output()
        return ExitCode.DONE
    except OSError as error:
        finish_output()
        print_error(HomeError(f"{error.filename or 'output'}: {error.strerror or error}"))
        return ExitCode.BAD_HOME
    return code


def look_of(typed: Sequence[str]) -> Look | None:
    """The look that was typed in its plainest form; None for anything else, which is click's to read."""
    match typed:
        case [command] | [command, _] if command in LOOKS:
            look = Look(command, typed[1] if len(typed) == 2 else None, None)
        case [option, home, command] | [option, home, command, _] if (
            option == HOME_OPTION and command in LOOKS
        ):
            look = Look(command, typed[3] if len(typed) == 4 else None, Path(home))
        case _:
            return None
    is_plain = not (look.account or "").startswith("-")
    return look if is_plain and (look.home or default_home_path()).is_dir() else None


def _run(typed: list[str], *, clock: Clock) -> int:
    look = look_of(typed)
    if look is None:
        from nostr_usage.cli.main import run_with_click  # noqa: PLC0415  # what it costs is said above

        return run_with_click(typed, clock=clock)
    gc.disable()  # until it ends, all that a look loads is needed
    try:
        return _show(look, Home(look.home or default_home_path()), clock=clock)
    finally:
        gc.enable()


def _show(look: Look, home: Home, *, clock: Clock) -> int:
    if look.command == "balance":
        from nostr_usage.cli.balance import show_balance  # noqa: PLC0415  # each loads what it needs

        return show_balance(clock, home, account=look.account)
    from nostr_usage.cli.status_line import show_status_line  # noqa: PLC0415  # the other commands do without it

    return show_status_line(clock, home, account=look.account)


def _refuse_bytes(arguments: list[str]) -> None:
    """Python passes bytes that are no UTF-8 on as lone surrogates, which neither SQLite nor JSON takes."""
    for argument in arguments:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise InputError(f"{argument!a} is not valid UTF-8", advice="Write it in a UTF-8 locale.")
