"""What a scripted relay may do, honest or not: small functions of a `Turn`, to be combined.

A test adds its own the same way, or with `honestly_but` as a change to the honest answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from nostr_usage.nostr.message import (
    AuthMessage,
    CountMessage,
    EventMessage,
    RelayAuth,
    RelayClosed,
    RelayNotice,
    RelayOk,
    ReqMessage,
)
from tests.scripted_relay import CHALLENGE, PATIENCE_S, Answers, Behaviour, Frame, Turn, honestly


async def say_nothing(_turn: Turn) -> None:
    """Neither answer nor do anything."""


async def drop(turn: Turn) -> None:
    """Cut the connection without a word."""
    turn.visit.drop()


async def acknowledge_and_forget(turn: Turn) -> None:
    """Say OK true to an event, and keep nothing."""
    assert isinstance(turn.message, EventMessage)
    await turn.send(RelayOk(event_id=turn.message.event.id, accepted=True))


async def challenge(turn: Turn) -> None:
    """Send a NIP-42 challenge; for `on_connect`."""
    await turn.send(RelayAuth(challenge=CHALLENGE))


async def require_auth(turn: Turn) -> None:
    """Be honest to whoever has proved a key, and refuse others with a challenge (NIP-42)."""
    if turn.visit.proved:
        await honestly(turn)
    else:
        await challenge(turn)
        await refuse("auth-required: prove a key first")(turn)


def reply(*frames: Frame) -> Behaviour:
    """Answer with these frames, whatever was asked."""

    async def behave(turn: Turn) -> None:
        await turn.send(*frames)

    return behave


def honestly_but(change: Callable[[Answers], Iterable[Frame]]) -> Behaviour:
    """Change the honest answers on their way."""

    async def behave(turn: Turn) -> None:
        await turn.send(*change(turn.honest()))

    return behave


def refuse(reason: str) -> Behaviour:
    """Refuse what is asked: OK false to an event, CLOSED to a request."""

    async def behave(turn: Turn) -> None:
        match turn.message:
            case EventMessage(event=event) | AuthMessage(event=event):
                await turn.send(RelayOk(event_id=event.id, accepted=False, text=reason))
            case ReqMessage(subscription_id=about) | CountMessage(subscription_id=about):
                await turn.send(RelayClosed(subscription_id=about, text=reason))
            case _:
                await turn.send(RelayNotice(text=reason))

    return behave


def close_with(code: int, reason: str = "") -> Behaviour:
    """Close the connection with a websocket close code."""

    async def behave(turn: Turn) -> None:
        await turn.visit.close(code, reason)

    return behave


def once(released: asyncio.Event, then: Behaviour = honestly) -> Behaviour:
    """Wait until the test sets `released`, then go on; the client's next messages wait too."""

    async def behave(turn: Turn) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await released.wait()
        await then(turn)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Do several things for one message."""

    async def behave(turn: Turn) -> None:
        for behaviour in behaviours:
            await behaviour(turn)

    return behave
