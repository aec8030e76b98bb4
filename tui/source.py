"""Where snapshots come from: the store of an open home. Nothing here knows the terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from nostr_usage.clock import Clock
from nostr_usage.errors import HomeError
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId
from nostr_usage.ledger.state import state_from_json
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.report import balance_view, history, month_view
from nostr_usage.reporting.filtering import Chip
from nostr_usage.reporting.outlook import activity_labels, outlook_view
from nostr_usage.reporting.periods import Length
from nostr_usage.reporting.trends import BurnView, burn_of, burn_view, month_before
from nostr_usage.store import ChangeWatch, Order, OutboxState, Reader, StreamRow
from nostr_usage.views import MonthView
from nostr_usage.wiring import ReaderHome, find_account, home_catalogue
from tui.exporting import Format, export
from tui.history_list import HistoryList, find
from tui.snapshot import AccountChoice, Mark, RelayQueue, Snapshot

if TYPE_CHECKING:
    # The catalogue and proofs load what takes longer than the first frame may; they come when asked for.
    from nostr_usage.pricing.catalogue import Catalogue
    from nostr_usage.proof import EntryProof, Past, PastView
    from nostr_usage.reporting.usage import UsageView

RECENT_MAX = 50
ACCOUNTS_MAX = 1_000
BURN_KEPT_S = 60
_NOTHING = Mark(head_id="", state="", outbox=())


class LedgerSource:
    """An open home, read for the dashboard. Safe to use from several threads."""

    def __init__(self, opened: ReaderHome, *, clock: Clock, meter: str = DEFAULT_METER) -> None:
        self.opened = opened
        self.clock = clock
        self.meter = meter
        self._watch = ChangeWatch(opened.home.store_path)
        self._past: Past | None = None
        self._past_lock = Lock()
        self._burnt: tuple[tuple[int, int], tuple[int, ...]] | None = None

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the product sells; loaded when it is asked for, since the figure needs none of it."""
        return home_catalogue(self.opened.home, self.opened.settings)

    def close(self) -> None:
        """Stop watching the store."""
        self._watch.close()

    def has_changed(self) -> bool:
        """Whether somebody wrote to the store since the last call; always asked from one thread."""
        return self._watch.has_changed()

    def chosen_account(self, name: str | None) -> AccountId | None:
        """The account to begin with: as named, that of the settings, or the only one.

        Raises:
            UnknownNameError: if there is no account of that name.
        """
        if name is not None:
            return find_account(self.opened.store, name)
        if self.opened.settings.account:
            return AccountId(self.opened.settings.account)
        with self.opened.store.read() as reader:
            accounts = reader.accounts()
            first, second = next(accounts, None), next(accounts, None)
        return first.account if first is not None and second is None else None

    def accounts(self) -> tuple[AccountChoice, ...]:
        """The accounts that have entries, the oldest first, at most `ACCOUNTS_MAX`."""
        choices: list[AccountChoice] = []
        with self.opened.store.read() as reader:
            labels = {row.account: row.label or "" for row in reader.accounts()}
            for stream in reader.streams():
                if stream.meter == self.meter and len(choices) < ACCOUNTS_MAX:
                    choices.append(_choice(stream, labels.get(stream.account, "")))
        return tuple(choices)

    def find(self, account: AccountId, chips: tuple[Chip, ...], order: Order) -> HistoryList | None:
        """The entries that `chips` find; None while nothing is held of the account."""

        def stream() -> StreamRow | None:
            with self.opened.store.read() as reader:
                return reader.stream(account, self.meter)

        return find(self.opened.store, stream, chips=chips, order=order)

    def month(self, account: AccountId, month: str) -> MonthView | None:
        """One month (`2026-02`, UTC) of the account."""
        with self.opened.store.read() as reader:
            stream = reader.stream(account, self.meter)
            return month_view(reader, stream, month) if stream is not None else None

    def usage(self, account: AccountId, length: Length, day: date | None) -> UsageView | None:
        """The use of the period of that length with that day (None is today) in it, by saved sums."""
        from nostr_usage.reporting.stream_use import save_use  # noqa: PLC0415  # as above
        from nostr_usage.reporting.usage import usage_view  # noqa: PLC0415  # as above

        now, store = self.clock.now(), self.opened.store
        with store.read() as reader:
            stream = reader.stream(account, self.meter)
        if stream is not None:
            save_use(store, [stream])
        with self.opened.store.read() as reader:
            stream = reader.stream(account, self.meter)
            if stream is None:
                return None
            balance = balance_view(reader, stream, now=now, token_value=self._token_value())
            return usage_view(reader, stream, length, day, now=now, balance=balance, catalogue=self.catalogue)

    def prove(self, account: AccountId, seq: int) -> EntryProof | None:
        """Every check of one entry, made now; may take seconds in a long history."""
        from nostr_usage.proof import authority_of, prove_entry  # noqa: PLC0415  # as above

        settings = self.opened.settings
        with self.opened.store.read() as reader:
            stream = reader.stream(account, self.meter)
            row = reader.entry_at(stream.stream_no, seq) if stream is not None else None
            if stream is None or row is None:
                return None
            key = self._opening_key(reader, stream)
            return prove_entry(reader, row, authority=authority_of(settings), conversation_key=key)

    def _opening_key(self, reader: Reader, stream: StreamRow) -> bytes | None:
        """None where texts stay sealed; the proof says so."""
        from nostr_usage.proof import opening_key  # noqa: PLC0415  # as above

        try:
            return opening_key(self.opened.home, self.opened.settings.role, reader, stream)
        except HomeError:
            return None

    def past(self, account: AccountId, seq: int) -> PastView | None:
        """The balance after one entry, folded again; the first in a long history takes seconds."""
        from nostr_usage.proof import Past  # noqa: PLC0415  # as above

        with self._past_lock, self.opened.store.read() as reader:
            stream = reader.stream(account, self.meter)
            self._past = self._past or Past()
            return self._past.view(reader, stream, seq) if stream is not None else None

    def diagnostics(self) -> tuple[tuple[str, str], ...]:
        """What a bug report should say."""
        from tui.diagnostics import diagnostics  # noqa: PLC0415  # only who asks pays for it

        return diagnostics(self.opened)

    def export(self, entries: HistoryList, format_: Format, directory: Path) -> Path:
        """Write the entries of a list to a new file; its path."""
        return export(self.opened.store, entries, format_, directory, now=self.clock.now())

    def report(
        self, account: AccountId, month: str, format_name: str, directory: Path, *, has_descriptions: bool
    ) -> Path:
        """Write the report of a month to a new file; its path."""
        from tui.month_report import write_month  # noqa: PLC0415  # as above

        return write_month(
            self.opened,
            account,
            month,
            format_name,
            directory,
            catalogue=self.catalogue,
            now=self.clock.now(),
            has_descriptions=has_descriptions,
        )

    def glance(self, account: AccountId) -> Snapshot:
        """A snapshot without what only the catalogue says; names of activities are guessed."""
        glance = self._snapshot(account)
        rows = glance.month.rows if glance.month is not None else ()
        names = {row.activity for row in rows} | {row.type for row in glance.recent}
        return replace(glance, labels={name: _guessed_label(name) for name in names})

    def snapshot(self, account: AccountId) -> Snapshot:
        """Everything that the first screen shows."""
        taken = self._snapshot(account)
        if taken.balance is None:
            return taken
        outlook = outlook_view(taken.balance, self.catalogue)
        return replace(taken, outlook=outlook, labels=activity_labels(self.catalogue))

    def _snapshot(self, account: AccountId) -> Snapshot:
        now = self.clock.now()
        npub = encode_npub(account)
        with self.opened.store.read() as reader:
            stream = reader.stream(account, self.meter)
            if stream is None:
                return Snapshot(
                    mark=_NOTHING, taken_at=now, role=self.opened.settings.role, npub=npub, balance=None
                )
            queues = _queues(reader)
            balance = balance_view(reader, stream, now=now, token_value=self._token_value())
            return Snapshot(
                mark=_mark(reader, stream),
                taken_at=now,
                role=self.opened.settings.role,
                npub=npub,
                balance=balance,
                month=month_view(reader, stream, month_of(now)),
                last_month=month_view(reader, stream, month_before(month_of(now))),
                recent=tuple(history(reader, stream, limit=RECENT_MAX)),
                waiting=sum(queue.waiting for queue in queues),
                queues=queues,
                burn=self._burn(reader, stream, now=now, tokens=balance.tokens),
                lifetime=state_from_json(stream.state_json).lifetime,
            )

    def _burn(self, reader: Reader, stream: StreamRow, *, now: int, tokens: int) -> BurnView:
        """Days that are over hardly change, and adding them up takes longer than all else of a snapshot."""
        key = (stream.stream_no, now // BURN_KEPT_S)
        kept = self._burnt
        if kept is None or kept[0] != key:
            kept = self._burnt = (key, burn_view(reader, stream, now=now, tokens=tokens).days)
        return burn_of(kept[1], tokens=tokens)

    def _token_value(self) -> int:
        """As `nostr-usage balance` has it."""
        return self.opened.token_value_of(self.meter)


def month_of(unix_time: int) -> str:
    """The month (`2026-02`, UTC) of a unix time."""
    return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m")


def _guessed_label(activity: str) -> str:
    """`Magic Mentor` for `magic-mentor`: what a catalogue mostly says, until it is loaded."""
    return activity.replace("-", " ").replace("_", " ").title()


def _choice(stream: StreamRow, label: str) -> AccountChoice:
    state = state_from_json(stream.state_json)
    return AccountChoice(
        account=stream.account,
        npub=encode_npub(stream.account),
        label=label,
        tokens=sum(lot.remaining for lot in state.lots) - state.debt,
    )


def _mark(reader: Reader, stream: StreamRow) -> Mark:
    counts = tuple(count.count for count in reader.outbox_counts())
    return Mark(head_id=stream.head_id, state=stream.status.value, outbox=counts)


def _queues(reader: Reader) -> tuple[RelayQueue, ...]:
    counts: dict[int, dict[OutboxState, int]] = {}
    for count in reader.outbox_counts():
        counts.setdefault(count.relay_no, {})[count.state] = count.count
    return tuple(
        RelayQueue(
            url=relay.url,
            confirmed=of.get(OutboxState.CONFIRMED, 0),
            waiting=of.get(OutboxState.PENDING, 0) + of.get(OutboxState.ACCEPTED, 0),
            refused=of.get(OutboxState.REFUSED, 0),
        )
        for relay in reader.relays()
        if (of := counts.get(relay.relay_no)) is not None
    )
