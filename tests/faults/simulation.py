"""A schedule by chance: our code records, publishes, reads and dies, among relays that cannot be trusted.

Record, publish and sync are the real ones, the relays are scripted and misbehave by seed, the clock stands
still until it jumps, the disk is full at times. Once the faults stop, the ledger, what the calls
acknowledged, and what a stranger reads from each relay must be the same; and every schedule ends.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from nostr_usage.errors import HomeError
from nostr_usage.nostr.message import EventMessage, RelayEvent, RelayOk, ReqMessage
from nostr_usage.publish import publish_due
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import OutboxState, Store, Transaction
from nostr_usage.sync import sync_ledger
from tests.faults.acknowledging import (
    LOCAL,
    TOKENS,
    accounts_of,
    action_of,
    digest,
    drain,
    tokens_charged,
    unsoundness_of,
)
from tests.ledgers import KIND, heads
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in
from tests.relay_behaviours import acknowledge_and_forget, drop, honestly_but, refuse, say_nothing
from tests.scripted_relay import Answers, Behaviour, Frame, ScriptedRelay, Turn, honestly
from tests.signed_events import with_forged_signature

IMPATIENT = ConnectionPolicy(
    allow_local=True, connect_timeout_s=2.0, silence_timeout_s=0.02, request_timeout_s=0.3
)
STEPS = (6, 12)
RELAYS = (3, 5)
FAULTS_OF_TEN = 4
SCHEDULE_S_MAX = 60.0
TURNS_BEFORE_DEATH_MAX = 40
REFUSALS = ("rate-limited: slow down", "error: disk full", "pow: 20 bits", "invalid: no", "", "mute: hm")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a schedule ended.

    Attributes:
        problems: what is wrong; empty if the schedule is fine.
        steps: what happened, for whoever looks for the reason.
    """

    seed: int
    problems: list[str] = field(default_factory=list[str])
    steps: list[str] = field(default_factory=list[str])


async def simulate(seed: int, directory: Path, *, is_trusting: bool = False) -> Outcome:
    """Run the schedule of `seed` in an empty directory; a trusting publisher (control) believes every OK."""
    outcome = Outcome(seed=seed)
    try:
        async with asyncio.timeout(SCHEDULE_S_MAX), AsyncExitStack() as stack:
            random = Random(seed)
            relays = [
                await stack.enter_async_context(ScriptedRelay()) for _ in range(random.randint(*RELAYS))
            ]
            await _Schedule(outcome, directory, random, relays, is_trusting=is_trusting).run()
    except TimeoutError:
        outcome.problems.append(f"it did not end within {SCHEDULE_S_MAX} s")
    return outcome


class _Schedule:
    def __init__(
        self,
        outcome: Outcome,
        directory: Path,
        random: Random,
        relays: list[ScriptedRelay],
        *,
        is_trusting: bool,
    ) -> None:
        self._outcome = outcome
        self._directory = directory
        self._random = random
        self._relays = relays
        self._is_trusting = is_trusting
        self._urls = tuple(relay.url for relay in relays)
        self._acknowledged: dict[str, str] = {}
        self._attempted: list[str] = []
        self._now = FEBRUARY_1
        self._stack = ExitStack()
        self._operator = self._open()
        self._reader = Store.open(directory / "reader.sqlite", create=True)

    async def run(self) -> None:
        try:
            for number in range(2):
                self._operator.open_account(f"account-{number}")
            for relay in self._relays:
                misbehave(relay, Random(self._random.getrandbits(32)))
            for _ in range(self._random.randint(*STEPS)):
                await self._step()
            for relay in self._relays:
                relay.forget_rules()
            await self._settle()
        finally:
            self._reader.close()
            self._stack.close()

    async def _step(self) -> None:
        step = self._random.choices(
            (
                self._record,
                self._repeat,
                self._record_on_a_full_disk,
                self._publish,
                self._die_publishing,
                self._die,
                self._read,
                self._jump,
            ),
            (5, 1, 1, 4, 2, 1, 2, 2),
        )[0]
        self._outcome.steps.append(step.__name__)
        await step()

    async def _record(self) -> None:
        for _ in range(self._random.randint(1, 4)):
            key = f"key-{len(self._attempted)}"
            self._attempted.append(key)
            self._ask(key)

    async def _repeat(self) -> None:
        for key in self._random.sample(self._attempted, min(3, len(self._attempted))):
            self._ask(key)

    async def _record_on_a_full_disk(self) -> None:
        self._operator.store.write(lambda _transaction: None)
        connection = vars(self._operator.store)["_write_connection"]
        connection.execute("PRAGMA max_page_count = 1")
        try:
            await self._record()
        finally:
            connection.execute("PRAGMA max_page_count = 1000000000")

    def _ask(self, key: str) -> None:
        try:
            receipt = self._operator.recorder.record(action_of(key, accounts_of(self._operator.store)))
        except HomeError:
            return
        said = digest(receipt)
        if self._acknowledged.setdefault(key, said) != said:
            self._outcome.problems.append(f"{key} has two receipts")

    async def _publish(self) -> None:
        await publish_due(
            self._operator.store,
            relays=self._urls,
            policy=IMPATIENT,
            clock=self._operator.clock,
            random=self._random,
        )
        if self._is_trusting:
            self._operator.store.write(self._believe)

    def _believe(self, transaction: Transaction) -> None:
        """For a control: what was sent is there."""
        events = [event.event_no for event in transaction.events()]
        for relay in transaction.relays():
            transaction.mark_confirmed(relay.relay_no, events, now=self._now)

    async def _die_publishing(self) -> None:
        task = asyncio.create_task(self._publish())
        for _ in range(self._random.randint(1, TURNS_BEFORE_DEATH_MAX)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await self._die()

    async def _die(self) -> None:
        self._now = self._operator.clock.now()
        self._stack.close()
        self._operator = self._open()

    async def _read(self) -> None:
        await sync_ledger(
            self._reader,
            relays=self._urls,
            ledger_pubkey=self._operator.operator.signer.pubkey,
            kinds=(KIND,),
            account=None,
            policy=IMPATIENT,
            clock=self._operator.clock,
            random=self._random,
        )
        with self._operator.store.read() as mine, self._reader.read() as theirs:
            for stream in list(theirs.streams()):
                own = mine.stream(stream.account, stream.meter)
                entry = mine.entry_at(own.stream_no, stream.seq) if own else None
                if entry is None or entry.entry_id != stream.head_id:
                    self._outcome.problems.append(f"a reader holds an entry {stream.head_id} of nobody's")
                if theirs.forks(stream.stream_no):
                    self._outcome.problems.append("a reader sees a fork of an honest ledger")

    async def _jump(self) -> None:
        clock = self._operator.clock
        clock.set(
            max(FEBRUARY_1, clock.now() + self._random.choice((-DAY_S, -60, 1, 600, DAY_S, 20 * DAY_S)))
        )

    async def _settle(self) -> None:
        """No more faults: whatever was not acknowledged is repeated, whatever waits is sent."""
        for key in self._attempted:
            self._ask(key)
        self._operator.clock.advance(DAY_S)
        self._operator.store.write(_ask_again_for_what_was_refused)
        if not await drain(self._operator, *self._urls, policy=LOCAL):
            self._outcome.problems.append("the outbox does not drain")
        self._outcome.problems += unsoundness_of(self._operator)
        expected = TOKENS * len(self._acknowledged)
        sums = {"here": self._sum(self._operator.store)}
        for url in self._urls:
            sums[url] = await self._sum_at(url)
        if {expected} != set(sums.values()) or len(self._acknowledged) != len(self._attempted):
            self._outcome.problems.append(f"{expected} tokens were acknowledged, but there are {sums}")

    def _sum(self, store: Store) -> int:
        with store.read() as reader:
            return tokens_charged(reader)

    async def _sum_at(self, url: str) -> int:
        """What a stranger adds up who knows the key and this relay."""
        name = f"stranger-{self._urls.index(url)}.sqlite"
        with Store.open(self._directory / name, create=True) as stranger:
            await sync_ledger(
                stranger,
                relays=(url,),
                ledger_pubkey=self._operator.operator.signer.pubkey,
                kinds=(KIND,),
                account=None,
                policy=LOCAL,
                clock=self._operator.clock,
                random=self._random,
            )
            if heads(stranger) != heads(self._operator.store):
                self._outcome.problems.append(f"{url} does not show the whole ledger")
            return self._sum(stranger)

    def _open(self) -> OperatorOfTests:
        return self._stack.enter_context(operator_in(self._directory, relays=self._urls, now=self._now))


def _ask_again_for_what_was_refused(transaction: Transaction) -> None:
    """The operator's part: a relay that has said never is only asked again by hand."""
    for event in list(transaction.events()):
        for row in transaction.outbox_of(event.event_no):
            if row.state is OutboxState.REFUSED:
                transaction.requeue_outbox(row.relay_no, [row.event_no], now=FEBRUARY_1)


def misbehave(relay: ScriptedRelay, random: Random) -> None:
    """Have a relay do something else than it should, four times out of ten."""
    relay.on_connect(_by_chance(random, (drop, say_nothing), faults_of_ten=1))
    relay.on(
        EventMessage,
        _by_chance(
            random,
            (
                say_nothing,
                drop,
                acknowledge_and_forget,
                _store_and_say_nothing,
                _answer_for_another,
                *(refuse(text) for text in REFUSALS),
            ),
        ),
    )
    relay.on(
        ReqMessage,
        _by_chance(
            random,
            (
                say_nothing,
                drop,
                refuse("error: try again"),
                refuse("auth-required: who are you"),
                honestly_but(lambda answers: answers[-1:]),
                honestly_but(lambda answers: [*answers[:-1][: len(answers) // 2], answers[-1]]),
                honestly_but(lambda answers: [*reversed(answers[:-1]), answers[-1]]),
                honestly_but(lambda answers: [*answers[:-1], *answers]),
                honestly_but(_with_forgeries),
                honestly_but(lambda answers: ["[", '["NOTICE","hm"]', *answers]),
            ),
        ),
    )


def _by_chance(
    random: Random, faults: tuple[Behaviour, ...], *, faults_of_ten: int = FAULTS_OF_TEN
) -> Behaviour:
    async def behave(turn: Turn) -> None:
        is_faulty = random.randrange(10) < faults_of_ten
        await (random.choice(faults) if is_faulty else honestly)(turn)

    return behave


async def _store_and_say_nothing(turn: Turn) -> None:
    turn.honest()


async def _answer_for_another(turn: Turn) -> None:
    await turn.send(RelayOk(event_id="ab" * 32, accepted=True))


def _with_forgeries(answers: Answers) -> list[Frame]:
    """Each event first with a signature that nobody made, then as it is."""
    return [
        frame
        for answer in answers
        for frame in (
            (
                RelayEvent(subscription_id=answer.subscription_id, event=with_forged_signature(answer.event)),
                answer,
            )
            if isinstance(answer, RelayEvent)
            else (answer,)
        )
    ]
