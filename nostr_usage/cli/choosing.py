"""Which account, stream or entry an argument means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from nostr_usage.errors import InputError, UnknownNameError
from nostr_usage.ledger.names import DEFAULT_METER, AccountId
from nostr_usage.report import balance_view, stream_of
from nostr_usage.store import EntryRow, Reader, StreamRow
from nostr_usage.views import BalanceView
from nostr_usage.wiring import ReaderHome, find_account

Command = TypeVar("Command", bound=Callable[..., object])

PREFIX_DIGITS_MIN = 8
_PREFIX = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
_SEQ = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)


def account_argument(command: Command) -> Command:
    """`[ACCOUNT]`: a label, an npub or 64 hex digits."""
    import click  # noqa: PLC0415  # not for those who look without it; see `start`

    return click.argument("account", required=False)(command)


def meter_option(command: Command) -> Command:
    """`--meter`: for services that count several things apart."""
    import click  # noqa: PLC0415  # looks do without it

    return click.option("--meter", help="What is counted.  [default: the only one, or tokens]")(command)


def chosen_account(opened: ReaderHome, name: str | None) -> AccountId | None:
    """The account that `name` means; without a name that of the settings, or the only one; else None.

    Raises:
        UnknownNameError: if there is no such account.
        InputError: if there are no accounts at all.
    """
    if name is not None:
        return find_account(opened.store, name)
    if opened.settings.account:
        return AccountId(opened.settings.account)
    with opened.store.read() as reader:
        accounts = reader.accounts()
        first, second = next(accounts, None), next(accounts, None)
    if first is None:
        raise InputError(
            f"{opened.home.path} holds no accounts yet",
            advice="Open one with `nostr-usage account new LABEL`, or fetch some with `nostr-usage sync`.",
        )
    return first.account if second is None else None


def chosen_stream(opened: ReaderHome, reader: Reader, name: str | None, *, meter: str | None) -> StreamRow:
    """The stream to report on, for commands that need exactly one.

    Raises:
        InputError: if there are several accounts and no name, or several meters and none chosen.
        UnknownNameError: if there are no entries.
    """
    account = chosen_account(opened, name)
    if account is None:
        raise InputError(
            "this home holds several accounts", advice="Name one; `nostr-usage account list` shows them."
        )
    streams = chosen_streams(reader, account, meter=meter)
    if len(streams) == 1:
        return streams[0]
    for stream in streams:
        if stream.meter == DEFAULT_METER:
            return stream
    meters = ", ".join(stream.meter for stream in streams)
    raise InputError(f"the account counts several things: {meters}", advice="Choose one with --meter.")


def chosen_streams(reader: Reader, account: AccountId, *, meter: str | None) -> list[StreamRow]:
    """The stream of an account in one meter, or all that it has; at least one.

    Raises:
        UnknownNameError: if there are no entries.
    """
    row = reader.account(account)
    streams = list(reader.streams(account_no=row.account_no)) if row and meter is None else []
    return streams or [stream_of(reader, account, meter or DEFAULT_METER)]


def balance_views(
    opened: ReaderHome, reader: Reader, streams: Iterable[StreamRow], *, now: int
) -> list[BalanceView]:
    """The balances of some streams at `now` (unix seconds), each at its meter's value."""
    values: dict[str, int] = {}
    views: list[BalanceView] = []
    for stream in streams:
        if stream.meter not in values:
            values[stream.meter] = opened.token_value_of(stream.meter)
        views.append(balance_view(reader, stream, now=now, token_value=values[stream.meter]))
    return views


def chosen_entry(reader: Reader, text: str, *, stream: StreamRow | None = None) -> EntryRow:
    """The entry that `text` means: the beginning of an id, a note or nevent, or a seq of `stream`.

    Raises:
        UnknownNameError: if there is none.
        InputError: if several ids begin like that, or the text is none of these.
        KeyFormatError: for a note or nevent that is damaged.
    """
    if stream is not None and _SEQ.fullmatch(text):
        row = reader.entry_at(stream.stream_no, int(text))
        if row is not None:
            return row
    digits = _event_id(text)
    if not _PREFIX.fullmatch(digits):
        raise InputError(
            f"{text[:80]!r} names no entry",
            advice=f"Give {PREFIX_DIGITS_MIN} or more digits of its id, a note1… or nevent1…, or its seq"
            " together with --account.",
        )
    match reader.entries_beginning(digits, limit=2):
        case (row,):
            return row
        case ():
            raise UnknownNameError("entry", text[:80], advice="`nostr-usage history` lists the ids.")
        case _:
            raise InputError(f"several entries begin with {digits}", advice="Give more digits of the id.")


def _event_id(text: str) -> str:
    if not text.lower().startswith(("note1", "nevent1")):
        return text.lower()
    from nostr_usage.nostr.nip19 import Nevent, Note, decode_nip19  # noqa: PLC0415  # `balance` does without

    named = decode_nip19(text)
    assert isinstance(named, Note | Nevent), "its prefix says so"
    return named.event_id
