"""`nostr-usage`: an AI-usage ledger on Nostr whose every number can be proved."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from nostr_usage.cli.options import CLOCK
from nostr_usage.cli.output import ExitCode, give_up_output, print_raw, print_usage_error
from nostr_usage.cli.start import HOME_OPTION
from nostr_usage.clock import Clock
from nostr_usage.home import HOME_VARIABLE, Home, default_home_path

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = "nostr-usage"


class Place(NamedTuple):
    """Where a command lives, and what `--help` says of it without loading it."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "init": Place("founding", "init", "Make an operator's home: keys, store, relay set."),
    "account": Place("accounts", "account", "Open, list, show, export and derive accounts."),
    "record": Place("recording", "record", "Charge an AI action."),
    "check": Place("spending", "check", "Whether an AI action may run, and what would help if not."),
    "quote": Place("quotes", "quote", "What an AI action will cost, before it runs."),
    "reserve": Place("spending", "reserve", "Keep back what an action needs before it runs."),
    "extend": Place("spending", "extend", "Let a reservation last longer, or keep more back."),
    "settle": Place("spending", "settle", "Charge what a reserved action really used."),
    "void": Place("spending", "void", "Give back what was reserved: the action used nothing."),
    "grant": Place("recording", "grant", "Give tokens: a purchase, a gift, a promotion."),
    "buy": Place("plans", "buy", "Record that an account bought a pack."),
    "gift": Place("transfers", "gift", "Give tokens of one account to another."),
    "org": Place("organisations", "org", "Organisations: members, departments, their quotas and use."),
    "plan": Place("plans", "plan", "Put an account on another plan, or end it."),
    "refund": Place("recording", "refund", "Give a debit back, to the lots it drew from."),
    "reverse": Place("transfers", "reverse", "Take a grant back: its payment was charged back."),
    "restore": Place("transfers", "restore", "Grant again what a reversal took: the dispute was won."),
    "level": Place("transfers", "level", "Note a level, such as storage in use."),
    "memo": Place("transfers", "memo", "Note an action that is charged elsewhere."),
    "tick": Place("recording", "tick", "Write what is due by time: expiries, renewals, closed cycles."),
    "balance": Place("looks", "balance", "What is left, where it came from, when it resets."),
    "budget": Place("budgets", "budget", "What may be spent in a day or month: show, set, remove."),
    "month": Place("reports", "month", "One month by activity."),
    "statement": Place("statements", "statement", "One month from its opening to its closing balance."),
    "report": Place("monthly_reports", "report", "The month of an account, printed: PDF, HTML or CSV."),
    "stats": Place("insights", "stats", "Use by activity, model, member, prompt or day; its rate."),
    "forecast": Place("insights", "forecast", "When the balance runs out, early and late."),
    "tips": Place("insights", "tips", "What would have cost less."),
    "accuracy": Place("quotes", "accuracy", "What was reserved against what was charged."),
    "alerts": Place("warnings", "alerts", "What to look at: thresholds, unusual use, accounts at risk."),
    "statusline": Place("looks", "statusline", "The balance in one line, for a status bar."),
    "history": Place("reports", "history", "Every entry, newest first."),
    "show": Place("proofs", "show", "One entry: its event, its checks, its description."),
    "publish": Place("publishing", "publish", "Send what is queued to the relays and read it back."),
    "follow": Place("following", "follow", "Make a home that follows a ledger by its public key."),
    "sync": Place("following", "sync", "Fetch and verify entries from the relays."),
    "audit": Place("proofs", "audit", "Check every signature, link, sum and total held here."),
    "events": Place("events", "events", "The signed events, as a list or as JSON lines."),
    "import-events": Place("events", "import_events", "Read signed events from a file, verified."),
    "relays": Place("relays", "relays", "How every relay fares, and whether anybody can read there."),
    "catalogue": Place("catalogues", "catalogue", "What a product sells: check, show, list, begin one."),
    "relay": Place("relay", "relay", "Run the embedded relay."),
    "replay": Place("replay", "replay_command", "Record a trace of AI requests as if it happened now."),
    "backup": Place("recovery", "backup", "Copy the store while it is in use."),
    "recover": Place("recovery", "recover_command", "After a restored backup: read back what was published."),
    "doctor": Place("doctor", "doctor", "What is wrong with this home, and what to do."),
    "completion": Place("shell", "completion", "Shell completion for bash, zsh or fish."),
    "tui": Place("shell", "tui", "Start the dashboard."),
    "version": Place("shell", "version", "The versions of nostr-usage and of what it stands on."),
}


class LazyCommands(click.Group):
    """A group whose commands are imported when they are run: `balance` must start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Load the command `cmd_name`, if there is one."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module = importlib.import_module(f"nostr_usage.cli.{place.module}")
        command: click.Command = getattr(module, place.attribute)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; whoever reads its output may leave before the end."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            give_up_output()
            return ExitCode.DONE
        return result

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options that begin like that, without loading any."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # for shells, not for commands

        found = [
            CompletionItem(name, help=place.summary)
            for name, place in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])


def _show_version(context: click.Context, _option: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001  # click's signature
    if is_asked and not context.resilient_parsing:
        from nostr_usage.cli.shell import own_version  # noqa: PLC0415  # it knows this module

        print_raw(f"{PROGRAM} {own_version()}")
        context.exit()


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 problems found, 2 bad input, 3 refused, 4 no relay, 5 bad home.",
)
@click.option(
    HOME_OPTION,
    "home_path",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=HOME_VARIABLE,
    help="Directory with settings, keys and store.  [default: the platform's data directory]",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def main(context: click.Context, home_path: Path | None) -> None:
    """An AI-usage ledger on Nostr whose every number can be proved.

    An operator signs one event for every AI action and purchase and publishes it to relays; anyone rebuilds
    every balance from there. Start with `init` (operator) or `follow` (everyone else).
    """
    context.meta[CLOCK] = context.obj
    context.obj = Home(home_path or default_home_path())


def run_with_click(typed: list[str], *, clock: Clock) -> int:
    """Run the command that was typed; its exit code, also if click refuses the words.

    Raises:
        NostrUsageError: whatever the command raises.
    """
    try:
        result: object = main.main(typed, PROGRAM, standalone_mode=False, obj=clock)
    except click.UsageError as error:
        command = None if error.ctx is None else error.ctx.command_path
        print_usage_error(error.format_message(), command=command)
        return error.exit_code
    except click.ClickException as error:
        print_usage_error(error.format_message(), command=None)
        return error.exit_code
    except click.Abort:
        return ExitCode.INTERRUPTED
    return result if isinstance(result, int) else ExitCode.DONE
