"""A client as many are: it asks one relay, believes what comes, and adds it up.

It is the control of the hostile relays: a behaviour that should mislead must mislead somebody.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import cast

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from nostr_usage.ledger.entry import Operation
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.ledgers import KIND

PATIENCE_S = 0.8


async def naive_total(url: str, ledger: LedgerUnderAttack) -> int:
    """The tokens of the account under attack, as the sum of whatever the relay sends."""
    wanted = {"kinds": [KIND], "authors": [ledger.pubkey], "#p": [ledger.account], "limit": 5_000}
    total = 0
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            connect(url, proxy=None, max_size=None, compression=None, close_timeout=0.1) as websocket,
        ):
            await websocket.send(json.dumps(["REQ", "all", wanted]))
            async for frame in websocket:
                message = _message(frame)
                if message[:1] in (["EOSE"], ["CLOSED"]):
                    break
                if message[:1] == ["EVENT"]:
                    total += _signed_tokens(message)
    except (TimeoutError, OSError, WebSocketException):
        return total
    return total


def _message(frame: str | bytes) -> list[object]:
    try:
        found: object = json.loads(frame)
    except (ValueError, RecursionError):
        return []
    return cast("list[object]", found) if isinstance(found, list) else []


def _signed_tokens(message: list[object]) -> int:
    try:
        event = cast("Mapping[str, list[list[str]]]", message[2])
        tags = {tag[0]: tag[1] for tag in event["tags"]}
        return Operation(tags["op"]).sign * int(tags["tokens"])
    except (LookupError, TypeError, ValueError):
        return 0
