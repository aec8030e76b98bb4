"""A made-up ledger: the same entries, keys and times in every run, for screenshots and for a first look."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nostr_usage.clock import Clock, ManualClock
from nostr_usage.enrolment import enrol
from nostr_usage.founding import NewLedger, create_operator_home
from nostr_usage.home import Home
from nostr_usage.ledger.entry import AccountId, EntryId, Source
from nostr_usage.pricing.usage import Bucket, MeasuredUsage, measured_usage
from nostr_usage.store import StreamStatus, Transaction
from nostr_usage.wiring import OperatorHome, open_operator, relay_numbers, relay_set_at
from nostr_usage.writing.request import Action, Grant, Refund

NOW = int(datetime(2026, 2, 14, 15, 0, 2, tzinfo=UTC).timestamp())
_START = datetime(2025, 12, 1, 0, 0, 0, tzinfo=UTC)
_RELAYS = ("wss://relay-one.example/", "wss://relay-two.example/")
_ASKED = (
    "How do I set boundaries with family?",
    "A gentle plan for Sunday evenings",
    "Explain compound interest to a ten-year-old",
    "What should I ask my landlord?",
    "How long does bread dough keep?",
    "Rewrite this message, kinder",
    "Why does my tomato plant curl its leaves?",
    "Three ways to say no at work",
)
_EXPERIMENTS = ("Morning Rituals for Busy Moms", "Walking before breakfast", "A week without news")
_QUIZZES = ("Chapter 3", "Fractions", "Capitals of Africa", "Bread and yeast")
_MEMBERS = ("alice", "alice", "sam", None)
_MODELS = {
    "magic-mentor": ("claude-sonnet-4-5", "gpt-5-mini"),
    "experiment-creation": ("gpt-5",),
    "quiz-generation": ("gpt-5-mini",),
}
_MATCHES = ("with @sarah (family)", "with @jonas (work)", "with @mira (health)")


@contextmanager
def demo_home() -> Generator[tuple[Home, Clock]]:
    """An operator's home with two accounts and eleven weeks of entries, and the clock that goes with it."""
    with tempfile.TemporaryDirectory(prefix="nostr-usage-demo-") as directory:
        home = Home(Path(directory) / "home")
        build_demo(home)
        yield home, ManualClock(NOW)


def build_demo(home: Home) -> None:
    """Found `home` and fill it; the same in every run."""
    chance = random.Random(2026)
    clock = ManualClock(int(_START.timestamp()))
    new = NewLedger(relays=relay_set_at(_RELAYS), catalogue="transparency", descriptions="sealed", kind=30078)
    create_operator_home(home, new, clock=clock, entropy=chance.randbytes)
    with open_operator(home, clock=clock, entropy=chance.randbytes) as opened:
        _Demo(opened, clock, chance).fill()


class _Demo:
    """Days pass, and on each of them something happens."""

    def __init__(self, opened: OperatorHome, clock: ManualClock, chance: random.Random) -> None:
        self._opened = opened
        self._clock = clock
        self._chance = chance
        # Apart, so that what was charged does not hang on what models reported.
        self._measures = random.Random(7)
        self._number = 0

    def fill(self) -> None:
        alice, bob = self._enrol("alice"), self._enrol("bob")
        day = _START
        while day.timestamp() < NOW - 86_400:
            self._day(alice, day)
            day += timedelta(days=1)
            self._clock.set(int(day.timestamp()))
            for account in (alice, bob):
                self._opened.recorder.tick(account)
        self._at(int(day.timestamp()) + 8 * 3600)
        self._act(bob, "magic-mentor", 3_000, _ASKED[0])
        self._act(bob, "experiment-creation", 1_240, _EXPERIMENTS[2])
        self._last_hours(alice)
        self._publish()

    def _enrol(self, label: str) -> AccountId:
        enrolment = enrol(
            self._opened.recorder,
            self._opened.secrets,
            entropy=self._chance.randbytes,
            label=label,
            plan="standard",
        )
        return enrolment.account

    def _day(self, account: AccountId, day: datetime) -> None:
        """Chats on most days, a quiz on some, an experiment a month; one pack in all."""
        chance, start = self._chance, int(day.timestamp())
        if (day.month, day.day) == (12, 10):
            self._at(start + 9 * 3600)
            self._buy(account, 14_500, 25_000_000)
        hours = sorted(chance.sample(range(7, 22), k=chance.choice((0, 0, 1, 1, 2))))
        for hour in hours:
            self._at(start + hour * 3600 + chance.randrange(3600))
            kind = chance.random()
            if kind < 0.72:
                self._act(account, "magic-mentor", chance.randint(150, 330), chance.choice(_ASKED))
            elif kind < 0.9:
                self._act(account, "quiz-generation", chance.randint(272, 480), chance.choice(_QUIZZES))
            else:
                self._act(account, "profile-matching", None, chance.choice(_MATCHES))
        if day.day == 8:
            self._at(start + 22 * 3600)
            self._act(account, "experiment-creation", chance.randint(2_600, 3_900), _EXPERIMENTS[day.day % 3])

    def _last_hours(self, account: AccountId) -> None:
        """A refund, and the chat that everybody knows."""
        self._at(NOW - 9 * 3600)
        entry_id = self._act(account, "quiz-generation", 302, _QUIZZES[0])
        self._at(NOW - 8 * 3600)
        self._opened.recorder.refund(
            Refund(entry_id=entry_id, key="demo-refund", description="It was empty.")
        )
        self._at(NOW - 4 * 3600)
        self._act(account, "profile-matching", None, _MATCHES[0])
        self._at(NOW - 900)
        self._act(account, "magic-mentor", 247, _ASKED[0])

    def _act(self, account: AccountId, activity: str, tokens: int | None, description: str) -> EntryId:
        self._number += 1
        action = Action(
            account=account,
            activity=activity,
            key=f"demo-{self._number}",
            tokens=tokens,
            usage=self._usage(activity, tokens),
            actor=self._measures.choice(_MEMBERS),
            description=description,
        )
        return self._opened.recorder.record(action).entry_id

    def _usage(self, activity: str, tokens: int | None) -> tuple[MeasuredUsage, ...]:
        """What a model reported: much of a prompt comes from the cache; a match uses none."""
        if tokens is None or activity not in _MODELS:
            return ()
        prompt = tokens * self._measures.randint(8, 14)
        cached = prompt * self._measures.randint(35, 80) // 100
        counts = {
            Bucket.FRESH_INPUT: prompt - cached,
            Bucket.CACHE_READ: cached,
            Bucket.OUTPUT: tokens * self._measures.randint(2, 4),
        }
        return (measured_usage(self._measures.choice(_MODELS[activity]), counts),)

    def _buy(self, account: AccountId, tokens: int, paid: int) -> None:
        self._number += 1
        grant = Grant(
            account=account, tokens=tokens, source=Source.PURCHASED, key=f"demo-{self._number}", paid=paid
        )
        self._opened.recorder.grant(grant)

    def _at(self, moment: int) -> None:
        self._clock.set(max(self._clock.now(), moment))

    def _publish(self) -> None:
        """All but the newest entries are on both relays; the newest is on the first only."""
        first, second = relay_numbers(self._opened.store, self._opened.relays)
        with self._opened.store.read() as reader:
            numbers = [event.event_no for event in reader.events()]
        late = numbers[-1:]

        def mark(transaction: Transaction) -> None:
            transaction.mark_confirmed(first, numbers, now=NOW)
            transaction.mark_confirmed(second, numbers[: -len(late)], now=NOW)
            for stream in list(transaction.streams()):
                transaction.set_status(stream.stream_no, StreamStatus.VERIFIED)

        self._opened.store.write(mark)
