"""A relay's client as plain as it gets: JSON over a websocket, and nothing of the project in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect

from nostr_usage.nostr.event import Event, event_to_object

PATIENCE_S = 20.0


class RawClient:
    """Sends arrays and texts, receives arrays."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.websocket = websocket

    async def send(self, *items: object) -> None:
        """Send one message, given as its items."""
        await self.websocket.send(json.dumps(items, ensure_ascii=False))

    async def send_text(self, text: str | bytes) -> None:
        """Send a frame as it is."""
        await self.websocket.send(text)

    async def receive(self) -> list[Any]:
        """The next message."""
        async with asyncio.timeout(PATIENCE_S):
            message: object = json.loads(await self.websocket.recv())
        assert isinstance(message, list)
        return cast("list[Any]", message)

    async def publish(self, event: Event) -> tuple[bool, str]:
        """Whether the relay takes the event, and what it says."""
        await self.send("EVENT", event_to_object(event))
        answer = await self.receive()
        assert ["OK", event.id] == answer[:2]
        return answer[2], answer[3]

    async def query(self, *filters: dict[str, object]) -> list[str]:
        """The ids of the stored events that match, in the relay's order."""
        return [event["id"] for event in await self.query_events(*filters)]

    async def query_events(self, *filters: dict[str, object]) -> list[dict[str, Any]]:
        """The stored events that match, in the relay's order."""
        events = await self.subscribe("query", *filters)
        await self.send("CLOSE", "query")
        return events

    async def subscribe(self, subscription_id: str, *filters: dict[str, object]) -> list[dict[str, Any]]:
        """The stored events that match, in the relay's order; new ones will follow."""
        await self.send("REQ", subscription_id, *filters)
        events: list[dict[str, Any]] = []
        while (message := await self.receive())[0] == "EVENT":
            assert subscription_id == message[1]
            events.append(message[2])
        assert ["EOSE", subscription_id] == message[:2], message
        return events

    async def ask(self, *items: object) -> list[Any]:
        """Send one message and give the next that comes."""
        await self.send(*items)
        return await self.receive()

    async def is_quiet(self) -> bool:
        """Whether nothing more is on its way: the answer to a harmless request comes next."""
        return (await self.ask("COUNT", "quiet", {"kinds": [1], "limit": 1}))[:2] == ["COUNT", "quiet"]


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[RawClient]:
    """A client of the relay at `url`."""
    async with connect(url, compression=None, max_size=None, proxy=None, ping_interval=None) as websocket:
        yield RawClient(websocket)
