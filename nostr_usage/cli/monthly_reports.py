"""`nostr-usage report`: the month of an account, of an organisation or of all, as PDF, HTML or CSV."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypedDict, TypeVar, Unpack

import click

from nostr_usage.cli.choosing import account_argument, chosen_account, meter_option
from nostr_usage.cli.options import json_option, month_option, parse_month, pass_clock, pass_home
from nostr_usage.cli.output import ExitCode, print_bytes, print_json, print_line, print_note, print_raw
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home, Role
from nostr_usage.organise import organisation_of
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.reporting.entitlement import entitlement_of
from nostr_usage.reporting.monthly import (
    REPORT_FEATURES,
    MonthlyReport,
    ReportFormat,
    file_name,
    monthly_report,
    rendered_report,
    write_report,
)
from nostr_usage.store import AccountRow, Reader
from nostr_usage.wiring import ReaderHome, find_account, home_catalogue, open_reader

STDOUT = "-"
_UNNAMED = ""
CRON_TIME = "17 4 4 * *"
"""The fourth day of every month: what happened in the last one may be booked 48 hours late."""


Command = TypeVar("Command", bound=Callable[..., object])


class Files(TypedDict):
    """What `file_options` give: a name, "" for one made here, None where the form is not asked for."""

    pdf: str | None
    html: str | None
    csv: str | None


class _Wanted(NamedTuple):
    """Whose report goes where; a path of None is standard output."""

    account: AccountRow
    files: tuple[tuple[ReportFormat, Path | None], ...]


def file_options(command: Command) -> Command:
    """`--pdf`, `--html` and `--csv`, each with a file or without: the values of `Files`."""
    for format_, what in (
        ("csv", "The entries, for spreadsheets"),
        ("html", "One page"),
        ("pdf", "For print"),
    ):
        command = click.option(
            f"--{format_}",
            is_flag=False,
            flag_value=_UNNAMED,
            metavar="[FILE]",
            help=f"{what}; into FILE, - is standard output.  [default: named for account and month]",
        )(command)
    return command


@click.command(epilog="Example: nostr-usage report alice --month 2026-02 --pdf")
@account_argument
@click.option("--org", "organisation", metavar="NAME", help="An organisation, in place of ACCOUNT.")
@click.option(
    "--all",
    "is_all",
    is_flag=True,
    help="Every account whose plan has such reports, each into a file of its own.",
)
@month_option
@file_options
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    help="Where files without a name of yours go.  [default: here]",
)
@meter_option
@click.option("--without-descriptions", "is_terse", is_flag=True, help="Leave out what entries keep private.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--cron", "is_cron", is_flag=True, help="Only print the line for crontab(5) that does this.")
@json_option
@pass_home
@pass_clock
def report(
    clock: Clock,
    home: Home,
    *,
    account: str | None,
    organisation: str | None,
    is_all: bool,
    month_name: str | None,
    directory: Path,
    meter: str | None,
    is_terse: bool,
    force: bool,
    is_cron: bool,
    as_json: bool,
    **files: Unpack[Files],
) -> int:
    """The month of an account: what was there, what came, what was used for what, and every entry.

    The figures re-add, and every entry has the id that proves it. Where the ledger contradicts itself, or the
    month is not over, the report says that it is not final. FILE follows its option, so ACCOUNT goes first.

    Exit codes: 0 done, 1 done, but the ledger is not proved, 2 a value that cannot be used, 3 the
    account's plan has no such reports, 5 no usable home.
    """
    asked = {ReportFormat(name): value for name, value in files.items() if isinstance(value, str)}
    _check(asked, names=(account, organisation), is_all=is_all, as_json=as_json)
    if is_cron:
        whose = ["--org", organisation] if organisation else ["--all"] if account is None else [account]
        _print_cron(home, asked, directory, whose=whose)
        return ExitCode.DONE
    now = clock.now()
    month = parse_month(month_name, now=now)
    written: list[Path] = []
    is_doubtful = False
    with open_reader(home) as opened, opened.store.read() as reader:
        catalogue = home_catalogue(home, opened.settings)
        rows = _chosen(opened, reader, account, organisation, is_all=is_all)
        wanted = _wanted(_entitled(rows, catalogue, asked, is_all=is_all), asked, directory, month=month)
        _refuse_existing(wanted, force=force)
        for one in wanted:
            made = monthly_report(
                reader,
                one.account.account,
                month,
                service=opened.settings.ledger_pubkey,
                now=now,
                meter=meter,
                is_own=opened.settings.role is Role.OPERATOR,
                has_descriptions=not is_terse,
                entitlement=entitlement_of(catalogue, one.account),
            )
            if is_all and made.is_empty:
                continue
            written.extend(_write(made, one, force=force))
            is_doubtful = is_doubtful or bool(made.doubts)
            _say(made)
    _print_written(written, month=month, as_json=as_json)
    return ExitCode.PROBLEMS if is_doubtful else ExitCode.DONE


def _check(
    asked: Mapping[ReportFormat, str],
    *,
    names: tuple[str | None, ...],
    is_all: bool,
    as_json: bool,
) -> None:
    if not asked:
        raise InputError(
            "nothing was asked for", advice="Give --pdf, --html or --csv; `statement` prints one."
        )
    if sum(name is not None for name in names) + is_all > 1:
        raise InputError("ACCOUNT, --org and --all exclude each other", advice="Give one of them.")
    if is_all and any(asked.values()):
        raise InputError(
            "--all writes several files", advice="Leave their names out; --directory says where."
        )
    to_stdout = [format_ for format_, name in asked.items() if name == STDOUT]
    if to_stdout and len(asked) > 1:
        raise InputError("standard output takes one report", advice="Give the other one a file.")
    if to_stdout and as_json:
        raise InputError("standard output takes the report or --json", advice="Give the report a file.")
    if ReportFormat.PDF in to_stdout and sys.stdout.isatty():
        raise InputError("a PDF is not for a terminal", advice="Give --pdf a file, or redirect the output.")


def _chosen(
    opened: ReaderHome,
    reader: Reader,
    account: str | None,
    organisation: str | None,
    *,
    is_all: bool,
) -> tuple[AccountRow, ...]:
    if organisation is not None:
        return (organisation_of(reader, find_account(opened.store, organisation)),)
    if not is_all:
        found = chosen_account(opened, account)
        row = None if found is None else reader.account(found)
        if row is None:
            raise InputError(
                "this home holds several accounts",
                advice="Name one, or give --all; `nostr-usage account list` shows them.",
            )
        return (row,)
    rows = tuple(reader.accounts())
    return tuple(row for row in rows if any(reader.streams(account_no=row.account_no)))


def _entitled(
    rows: Iterable[AccountRow], catalogue: Catalogue, asked: Iterable[ReportFormat], *, is_all: bool
) -> Iterable[AccountRow]:
    """Of all accounts those whose plan has such reports; of one that is named, whether it does."""
    for row in rows:
        plan = entitlement_of(catalogue, row)
        features = [REPORT_FEATURES[format_] for format_ in asked if format_ in REPORT_FEATURES]
        if not is_all:
            for feature in features:
                plan.require(feature)
        if all(map(plan.includes, features)):
            yield row


def _wanted(
    rows: Iterable[AccountRow], asked: Mapping[ReportFormat, str], directory: Path, *, month: str
) -> tuple[_Wanted, ...]:
    """Every file by its name; of two accounts whose labels give the same, the later one's has its id too."""
    found: list[_Wanted] = []
    taken: set[str] = set()
    for row in rows:
        label = row.label or ""
        stem = file_name(account=row.account, label=label, month=month)
        if stem in taken:
            stem = file_name(account=row.account, label=f"{label}-{row.account[:16]}", month=month)
        taken.add(stem)
        files = tuple(
            (
                format_,
                None if name == STDOUT else Path(name) if name else directory / f"{stem}.{format_.value}",
            )
            for format_, name in asked.items()
        )
        found.append(_Wanted(account=row, files=files))
    return tuple(found)


def _refuse_existing(wanted: Iterable[_Wanted], *, force: bool) -> None:
    """Before the first is written: a run that cannot end should not begin."""
    for one in wanted:
        for _, path in one.files:
            if path is not None and not force and os.path.lexists(path):
                raise InputError(f"{path} is there already", advice="Choose another name, or give --force.")


def _write(made: MonthlyReport, wanted: _Wanted, *, force: bool) -> Iterable[Path]:
    for format_, path in wanted.files:
        if path is None:
            print_bytes(rendered_report(made, format_))
        else:
            yield write_report(made, path, format_, overwrite=force)


def _say(made: MonthlyReport) -> None:
    whose = made.label or f"{made.account[:8]}…"
    for reservation in made.reservations:
        print_note(f"{whose}, {made.month}: not final. {reservation}")


def _print_written(written: list[Path], *, month: str, as_json: bool) -> None:
    if as_json:
        print_json({"month": month, "files": [str(path) for path in written]})
        return
    for path in written:
        print_line(f"wrote {path}")


def _print_cron(home: Home, asked: Mapping[ReportFormat, str], directory: Path, *, whose: list[str]) -> None:
    """A line for crontab(5), in which a percent sign would end the command."""
    words = ["nostr-usage", "--home", str(home.path.absolute()), "report", *whose, "--month", "last"]
    words += [f"--{format_.value}" for format_ in asked]
    words += ["--directory", str(directory.absolute()), "--force"]
    print_raw(f"{CRON_TIME} {shlex.join(words)}".replace("%", "\\%"))
