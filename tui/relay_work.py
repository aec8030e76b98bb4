"""What the relays screen asks of the library: health, coverage, giving a relay what it lacks, an audit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nostr_usage.clock import Clock
from nostr_usage.home import Role
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId
from nostr_usage.wiring import ReaderHome, connection_policy, home_relays, read_urls, write_urls

if TYPE_CHECKING:
    # The relay client and what checks signatures come with the first question, not with the first frame.
    from nostr_usage.proof import AuditReport, Coverage
    from nostr_usage.proof.relay_health import RelayHealth

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaysKnown:
    """What is known of the relays of a home; `coverage` is None while nothing is held of the account."""

    health: tuple[RelayHealth, ...]
    coverage: Coverage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What became of giving a relay what it lacks, in a sentence; `is_done` if nothing was left."""

    text: str
    is_done: bool


class AuditStopped(Exception):  # noqa: N818  # no error: whoever asked has gone
    """Nobody waits for the result any more."""


class RelayWork:
    """The relays of an open home. Every call may take long: they belong into threads."""

    def __init__(self, opened: ReaderHome, *, clock: Clock, meter: str = DEFAULT_METER) -> None:
        self._opened = opened
        self._clock = clock
        self._meter = meter

    @property
    def is_operator(self) -> bool:
        """Whether this home publishes entries, or only follows them."""
        return self._opened.settings.role is Role.OPERATOR

    def known(self, account: AccountId | None) -> RelaysKnown:
        """What the store says, without asking anybody."""
        from nostr_usage.proof import coverage_of  # noqa: PLC0415  # see above
        from nostr_usage.proof.relay_health import known_health  # noqa: PLC0415  # see above

        urls, store = self._urls(), self._opened.store
        with store.read() as reader:
            stream = reader.stream(account, self._meter) if account is not None else None
            coverage = coverage_of(reader, stream, urls) if stream is not None else None
        return RelaysKnown(health=tuple(known_health(store, url) for url in urls), coverage=coverage)

    def ask(self) -> tuple[RelayHealth, ...]:
        """How each relay answers now."""
        from nostr_usage.proof.relay_health import ask_relays  # noqa: PLC0415  # see above

        urls = self._urls()
        policy = connection_policy(urls)
        return asyncio.run(ask_relays(self._opened.store, urls, policy=policy, clock=self._clock))

    def give(self, account: AccountId, url: str, on_progress: Progress) -> Given:
        """Give a relay what it lacks: an operator's queue has it again, a follower hands it on at once."""
        return self._queue_again(url) if self.is_operator else self._hand_on(account, url, on_progress)

    def audit(self, on_progress: Progress) -> AuditReport:
        """Check all that is held; `on_progress` may raise `AuditStopped`."""
        from nostr_usage.proof import audit_store, ledger_of  # noqa: PLC0415  # see above

        ledger = ledger_of(self._opened.settings)
        return audit_store(self._opened.store, ledger, is_quick=False, on_progress=on_progress)

    def _queue_again(self, url: str) -> Given:
        from nostr_usage.publish import queue_again  # noqa: PLC0415  # see above

        queued = queue_again(self._opened.store, url, now=self._clock.now())
        if not queued.refused + queued.unqueued + queued.hastened:
            text = "What is missing waits in the queue already: `nostr-usage publish` sends it."
            return Given(text=text, is_done=True)
        counts = f"{queued.refused:,} refused, {queued.unqueued:,} never sent, {queued.hastened:,} waiting"
        return Given(text=f"Queued again: {counts}. `nostr-usage publish` sends them.", is_done=True)

    def _hand_on(self, account: AccountId, url: str, on_progress: Progress) -> Given:
        from nostr_usage.proof import missing_entries  # noqa: PLC0415  # see above
        from nostr_usage.publish import hand_on  # noqa: PLC0415  # see above

        store = self._opened.store
        with store.read() as reader:
            stream = reader.stream(account, self._meter)
            numbers = tuple(missing_entries(reader, stream, url)) if stream is not None else ()
        handed = asyncio.run(
            hand_on(
                store,
                numbers,
                url,
                policy=connection_policy((url,)),
                clock=self._clock,
                on_progress=on_progress,
            )
        )
        text = f"Handed on {handed.offered:,} of {len(numbers):,}; the relay serves {handed.served:,}."
        if handed.unsound:
            text += f" {handed.unsound:,} were kept back: nobody signed what is held of them."
        said = "; ".join((handed.reason, *handed.objections)).strip("; ")
        return Given(text=f"{text} {said}".strip(), is_done=handed.served == len(numbers))

    def _urls(self) -> tuple[str, ...]:
        relays = home_relays(self._opened.home)
        return tuple(dict.fromkeys((*write_urls(relays), *read_urls(relays))))
