"""What relays do to publishers: one small function each, and what becomes of the events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.nostr.message import EventMessage, RelayEvent, RelayNotice, RelayOk, ReqMessage
from tests.hostile.false_frames import DRIP_S, HUGE_FRAME_BYTES
from tests.relay_behaviours import (
    acknowledge_and_forget,
    drop,
    honestly_but,
    in_turn,
    refuse,
    require_auth,
    say_nothing,
)
from tests.scripted_relay import Answers, Frame, ScriptedRelay, Turn, honestly
from tests.signed_events import with_forged_signature

FINAL = ("invalid", "blocked", "replaced", "deleted", "restricted")
PASSING = ("error", "pow", "rate-limited", "auth-required", "unheard-of")


class Fate(StrEnum):
    """What becomes of events at one relay, in the words of docs/guarantees.md."""

    CONFIRMED = "confirmed"
    LATER = "sent again later, the reason shown"
    REFUSED = "refused for good, the reason shown"
    UNREADABLE = "accepted, and not counted: nobody can read it there"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingCase:
    """One behaviour, and what becomes of the events; `heals` if an honest relay takes them afterwards."""

    script: Callable[[ScriptedRelay], None]
    fate: Fate
    heals: bool = True

    @property
    def name(self) -> str:
        """The behaviour's name, as words with underscores."""
        return self.script.__name__


def ok_true_without_storing(relay: ScriptedRelay) -> None:
    """OK true to everything, and nothing kept."""
    relay.on(EventMessage, acknowledge_and_forget)


def ok_for_another_event(relay: ScriptedRelay) -> None:
    """Each OK names an event that nobody sent."""
    _answer_events(relay, lambda turn: turn.send(RelayOk(event_id="ab" * 32, accepted=True)))


def ok_that_is_no_boolean(relay: ScriptedRelay) -> None:
    """OK with a word in the place of true."""
    _answer_events(relay, lambda turn: turn.send(f'["OK","{_event_id(turn)}","true",""]'))


def ok_thrice(relay: ScriptedRelay) -> None:
    """Each OK comes three times."""
    relay.on(EventMessage, honestly_but(lambda answers: answers * 3))


def no_ok(relay: ScriptedRelay) -> None:
    """No answer to any event."""
    relay.on(EventMessage, say_nothing)


def slow_oks(relay: ScriptedRelay) -> None:
    """Each OK comes late, and never too late."""

    async def answer(turn: Turn) -> None:
        await asyncio.sleep(4 * DRIP_S)
        await honestly(turn)

    relay.on(EventMessage, answer)


def notices_instead_of_oks(relay: ScriptedRelay) -> None:
    """Notices, as long as anybody listens."""

    async def flood(turn: Turn) -> None:
        while not turn.visit.is_gone:
            await turn.send(RelayNotice(text="wait " * 200))

    relay.on(EventMessage, flood)


def noise_before_oks(relay: ScriptedRelay) -> None:
    """Deep JSON, wrong types and bytes before each OK."""

    async def noise(turn: Turn) -> None:
        await turn.send("[" * 100_000, '["OK"]', '["OK",1,2,3]', "{}", b"\xff\xfe", '["OK","zz",true,""]')

    relay.on(EventMessage, in_turn(noise, honestly))


def huge_frame_instead_of_an_ok(relay: ScriptedRelay) -> None:
    """One frame of 30 MiB."""
    frame = '["NOTICE","' + "x" * HUGE_FRAME_BYTES + '"]'

    async def send_once(turn: Turn) -> None:
        is_first = len(turn.relay.received_of(EventMessage)) == 1
        await (turn.send(frame) if is_first else say_nothing(turn))

    relay.on(EventMessage, send_once)


def cut_in_the_middle_of_an_ok(relay: ScriptedRelay) -> None:
    """A frame without its end, and no connection any more."""

    async def cut(turn: Turn) -> None:
        await turn.visit.send_raw(b"\x81\x7e\x03\xe8" + b'["OK","')
        turn.visit.drop()

    relay.on(EventMessage, cut)


def hanging_up_after_two(relay: ScriptedRelay) -> None:
    """Two events are taken, the third ends the connection."""
    relay.on(EventMessage, honestly, times=2)
    relay.on(EventMessage, drop, times=1)


def auth_only(relay: ScriptedRelay) -> None:
    """Whoever proves a key may write, and anybody may read."""
    relay.on(EventMessage, require_auth)


def members_only(relay: ScriptedRelay) -> None:
    """A proved key does not help who is no member."""

    async def answer(turn: Turn) -> None:
        reason = "restricted: members only" if turn.visit.proved else "auth-required: prove a key"
        await (refuse(reason) if turn.visit.proved else require_auth)(turn)

    relay.on(EventMessage, answer)


def readable_by_nobody(relay: ScriptedRelay) -> None:
    """Everything is taken, and whoever wants to read is refused."""
    relay.on(ReqMessage, refuse("restricted: the author only"))


def read_back_withheld(relay: ScriptedRelay) -> None:
    """Everything is taken, and no answer holds any of it."""
    relay.on(ReqMessage, honestly_but(lambda answers: answers[-1:]))


def read_back_after_eose(relay: ScriptedRelay) -> None:
    """Everything is taken, and served when the answer has ended."""
    relay.on(ReqMessage, honestly_but(lambda answers: [answers[-1], *answers[:-1]]))


def read_back_with_another_signature(relay: ScriptedRelay) -> None:
    """Everything is taken, and served with signatures that nobody made."""

    def corrupt(answers: Answers) -> list[Frame]:
        return [
            RelayEvent(subscription_id=answer.subscription_id, event=with_forged_signature(answer.event))
            if isinstance(answer, RelayEvent)
            else answer
            for answer in answers
        ]

    relay.on(ReqMessage, honestly_but(corrupt))


def no_read_back(relay: ScriptedRelay) -> None:
    """Everything is taken, and no request is answered."""
    relay.on(ReqMessage, say_nothing)


def _refusing(prefix: str) -> Callable[[ScriptedRelay], None]:
    def script(relay: ScriptedRelay) -> None:
        relay.on(EventMessage, refuse(f"{prefix}: not this one"))

    script.__name__ = f"ok_false_{prefix.replace('-', '_')}"
    script.__doc__ = f"OK false to everything, with the prefix `{prefix}`."
    return script


def _answer_events(relay: ScriptedRelay, answer: Callable[[Turn], Awaitable[None]]) -> None:
    async def behave(turn: Turn) -> None:
        await answer(turn)

    relay.on(EventMessage, behave)


def _event_id(turn: Turn) -> str:
    assert isinstance(turn.message, EventMessage)
    return turn.message.event.id


def _case(script: Callable[[ScriptedRelay], None], fate: Fate, *, heals: bool = True) -> PublishingCase:
    return PublishingCase(script=script, fate=fate, heals=heals)


PUBLISHING_CASES = (
    _case(ok_true_without_storing, Fate.LATER),
    _case(ok_for_another_event, Fate.LATER),
    _case(ok_that_is_no_boolean, Fate.LATER),
    _case(ok_thrice, Fate.CONFIRMED),
    _case(no_ok, Fate.LATER),
    _case(slow_oks, Fate.CONFIRMED),
    _case(notices_instead_of_oks, Fate.LATER),
    _case(noise_before_oks, Fate.CONFIRMED),
    _case(huge_frame_instead_of_an_ok, Fate.LATER),
    _case(cut_in_the_middle_of_an_ok, Fate.LATER),
    _case(hanging_up_after_two, Fate.LATER),
    _case(auth_only, Fate.CONFIRMED),
    _case(members_only, Fate.REFUSED, heals=False),
    _case(readable_by_nobody, Fate.UNREADABLE),
    _case(read_back_withheld, Fate.LATER),
    _case(read_back_after_eose, Fate.LATER),
    _case(read_back_with_another_signature, Fate.LATER),
    _case(no_read_back, Fate.UNREADABLE),
    *(_case(_refusing(prefix), Fate.REFUSED, heals=False) for prefix in FINAL),
    *(_case(_refusing(prefix), Fate.LATER) for prefix in PASSING),
)
