"""`nostr-usage-tui`: the dashboard on a terminal, the same as lines of text anywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from nostr_usage.cli.output import (
    ExitCode,
    exit_code_of,
    give_up_output,
    print_error,
    print_line,
    print_usage_error,
)
from nostr_usage.clock import Clock, SystemClock
from nostr_usage.errors import InputError, NostrUsageError
from nostr_usage.home import HOME_VARIABLE, Home, Role, default_home_path
from nostr_usage.ledger.entry import AccountId
from nostr_usage.wiring import ReaderHome, open_reader
from tui.look import Look
from tui.preferences import FILE_NAME, load_preferences, save_preferences
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource
from tui.text_report import report_lines
from tui.theme_names import DEFAULT_THEME, THEME_NAMES

_REMOTE_VARIABLES = ("SSH_CONNECTION", "SSH_TTY")
_SIZE_VARIABLES = ("COLUMNS", "LINES")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for."""

    account: str | None
    is_once: bool
    is_offline: bool
    has_colour: bool
    is_ascii: bool
    is_calm: bool
    theme: str | None
    is_local_time: bool


@click.command(
    "nostr-usage-tui",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without a terminal, or with --once, the same figures are printed as text.",
)
@click.argument("account", required=False)
@click.option(
    "--home",
    "home_path",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=HOME_VARIABLE,
    help="Directory with settings, keys and store.  [default: the platform's data directory]",
)
@click.option("--once", is_flag=True, help="Print the figures as text, and end.")
@click.option("--offline", is_flag=True, help="Show what the store holds; ask no relay.")
@click.option("--demo", is_flag=True, help="Show a made-up ledger in a temporary home.")
@click.option(
    "--theme",
    type=click.Choice(THEME_NAMES),
    help=f"Colours.  [default: as last time, at first {DEFAULT_THEME}]",
)
@click.option("--local-time", is_flag=True, help="Show times in this machine's zone instead of UTC.")
@click.option("--no-color", is_flag=True, help="Use no colours; so does the variable NO_COLOR.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Use ASCII characters only.")
@click.option("--reduced-motion", is_flag=True, help="Move nothing but what is read.")
def command(
    *,
    account: str | None,
    home_path: Path | None,
    once: bool,
    offline: bool,
    demo: bool,
    theme: str | None,
    local_time: bool,
    no_color: bool,
    ascii_only: bool,
    reduced_motion: bool,
) -> int:
    """Show the balance of ACCOUNT (a label, npub or hex key), live, with the proof of every number."""
    wishes = Wishes(
        account=account,
        is_once=once,
        is_offline=offline,
        has_colour=not (no_color or os.environ.get("NO_COLOR")),
        is_ascii=ascii_only or not _speaks_unicode(),
        is_calm=reduced_motion or _is_remote(),
        theme=theme,
        is_local_time=local_time,
    )
    with ExitStack() as stack:
        clock: Clock = SystemClock()
        home = Home(home_path or default_home_path())
        if demo:
            from tui.demo import demo_home  # noqa: PLC0415  # signs entries, which nothing else here does

            home, clock = stack.enter_context(demo_home())
        return _show(home, wishes, clock=clock)


def main() -> None:
    """Run the dashboard and end the process with the exit code that its outcome has."""
    sys.exit(execute())


def execute(arguments: list[str] | None = None) -> int:
    """Run the dashboard, by default as the process was called; the exit code."""
    try:
        result: object = command.main(arguments, "nostr-usage-tui", standalone_mode=False)
        sys.stdout.flush()
    except NostrUsageError as error:
        print_error(error)
        return exit_code_of(error)
    except click.ClickException as error:
        print_usage_error(error.format_message(), command="nostr-usage-tui")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        give_up_output()
        return ExitCode.DONE
    return result if isinstance(result, int) else ExitCode.DONE


def is_interactive() -> bool:
    """Whether there is a terminal that can draw a screen."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", ""}


def look_of(wishes: Wishes) -> Look:
    """How to draw."""
    zone = datetime.now().astimezone().tzinfo if wishes.is_local_time else UTC
    return Look(is_ascii=wishes.is_ascii, zone=zone or UTC)


def _show(home: Home, wishes: Wishes, *, clock: Clock) -> int:
    with open_reader(home) as opened, _source(opened, clock=clock) as source:
        account = source.chosen_account(wishes.account)
        if wishes.is_once or not is_interactive():
            return _print(source, account, wishes)
        return _run(source, account, wishes, opened=opened, clock=clock)


@contextmanager
def _source(opened: ReaderHome, *, clock: Clock) -> Generator[LedgerSource]:
    with closing(LedgerSource(opened, clock=clock)) as source:
        yield source


def _print(source: LedgerSource, account: AccountId | None, wishes: Wishes) -> int:
    choices = source.accounts()
    if account is None and len(choices) != 1:
        names = ", ".join(choice.label or choice.npub for choice in choices[:5])
        raise InputError(
            f"this home holds {len(choices)} accounts" if choices else "this home holds no entries yet",
            advice=f"Name one: {names}…" if choices else "Run `nostr-usage sync`.",
        )
    feed = FeedState(feed=Feed.OFFLINE, reason="the store only")
    snapshot = source.snapshot(account or choices[0].account)
    for line in report_lines(snapshot, feed, look_of(wishes)):
        print_line(line)
    return ExitCode.DONE


def _run(
    source: LedgerSource, account: AccountId | None, wishes: Wishes, *, opened: ReaderHome, clock: Clock
) -> int:
    """Textual costs a sixth of a second to load, so nobody else does."""
    if not wishes.has_colour:
        os.environ["NO_COLOR"] = "1"
    if wishes.is_calm:
        os.environ["TEXTUAL_ANIMATIONS"] = "none"
    for name in _SIZE_VARIABLES:
        os.environ.pop(name, None)  # exported once, they would hide from the screen that it was resized
    from tui.contracts import Following, Options  # noqa: PLC0415  # see above
    from tui.dashboard import DashboardApp  # noqa: PLC0415  # see above
    from tui.keymap import FILE_NAME as KEYMAP_NAME  # noqa: PLC0415  # see above
    from tui.keymap import load_keymap  # noqa: PLC0415  # see above
    from tui.relay_work import RelayWork  # noqa: PLC0415  # see above

    def follower(tell: Callable[[FeedState], None]) -> Following:
        from tui.following import Follower  # noqa: PLC0415  # relays are asked after the first frame

        return Follower(opened, account=account, clock=clock, tell=tell)

    # An operator's own store is where entries begin: no relay has news for it.
    is_following = opened.settings.role is not Role.OPERATOR and not wishes.is_offline
    feed = FeedState(feed=Feed.CONNECTING if is_following else Feed.LIVE)
    if wishes.is_offline:
        feed = FeedState(feed=Feed.OFFLINE, reason="as asked for")
    path = opened.home.path / FILE_NAME
    preferences, keymap = load_preferences(path), load_keymap(opened.home.path / KEYMAP_NAME)
    wishes = replace(wishes, is_local_time=wishes.is_local_time or preferences.is_local_time)
    options = Options(
        theme=wishes.theme or preferences.theme,
        look=replace(look_of(wishes), money=preferences.money, keymap=keymap),
        preferences=preferences,
        remember=partial(save_preferences, path),
        has_colour=wishes.has_colour,
        is_remote=_is_remote(),
    )
    app = DashboardApp(
        source,
        account=account,
        clock=clock,
        feed=feed,
        follow=follower if is_following else None,
        options=options,
        relay_work=RelayWork(opened, clock=clock),
    )
    app.run()
    return app.return_code or ExitCode.DONE


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") in {"utf8", "utf8sig"}


def _is_remote() -> bool:
    return any(os.environ.get(name) for name in _REMOTE_VARIABLES)
