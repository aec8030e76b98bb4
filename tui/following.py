"""Following the relays in a thread of its own, so that checking signatures never holds a frame up."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from random import SystemRandom

from nostr_usage.clock import Clock
from nostr_usage.errors import NostrUsageError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.sync import SyncReport, follow_forever
from nostr_usage.wiring import ReaderHome, connection_policy, home_relays, read_urls
from tui.snapshot import Feed, FeedState, RelayLine

Tell = Callable[[FeedState], None]


class Follower:
    """Keeps a store up to date until stopped, and says how it stands; `tell` is called in its thread."""

    def __init__(self, opened: ReaderHome, *, account: AccountId | None, clock: Clock, tell: Tell) -> None:
        self._opened = opened
        self._account = account
        self._clock = clock
        self._tell = tell
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Follow until `stop`; whatever goes wrong is told, never raised."""
        try:
            asyncio.run(self._run())
        except asyncio.CancelledError:
            return
        except NostrUsageError as error:
            self._tell(FeedState(feed=Feed.OFFLINE, reason=error.message))

    def stop(self) -> None:
        """Stop soon; safe to call from any thread, and more than once."""
        self._stopped.set()
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(task.cancel)

    async def _run(self) -> None:
        self._task = asyncio.create_task(self._follow())
        self._loop = asyncio.get_running_loop()
        if self._stopped.is_set():
            return
        await self._task

    async def _follow(self) -> None:
        urls = read_urls(home_relays(self._opened.home))
        if not urls:
            self._tell(FeedState(feed=Feed.OFFLINE, reason="the relay set names no relay to read from"))
            return
        settings = self._opened.settings
        await follow_forever(
            self._opened.store,
            relays=urls,
            ledger_pubkey=settings.ledger_pubkey,
            kinds=settings.kinds,
            account=self._account,
            policy=connection_policy(urls),
            clock=self._clock,
            random=SystemRandom(),
            on_change=lambda report: self._tell(feed_state(report, read_at=self._clock.now())),
        )


def feed_state(report: SyncReport, *, read_at: int) -> FeedState:
    """How the feed stands after a pass."""
    lines = tuple(
        RelayLine(
            url=relay.url,
            is_up=relay.condition is RelayCondition.ANSWERED,
            condition=relay.condition.value,
            reason=relay.reason,
            received=relay.score.received,
            unique=relay.score.unique,
            is_clean=relay.score.is_clean,
        )
        for relay in report.relays
    )
    return FeedState(
        feed=Feed.OFFLINE if report.is_offline else Feed.LIVE,
        relays=lines,
        reason="no relay could be read" if report.is_offline else "",
        read_at=read_at,
    )
