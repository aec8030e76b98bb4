"""Mutated messages of relays and clients, for everything that reads what strangers send."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from nostr_usage.errors import NostrUsageError
from nostr_usage.nostr.event import event_from_json, event_to_json, event_to_object, sign_event
from nostr_usage.nostr.information import information_from_json
from nostr_usage.nostr.message import parse_client_message, parse_relay_message
from nostr_usage.nostr.session import RelaySession
from nostr_usage.wire.entry_event import entry_from_event, event_from_entry
from tests.nostr.conversation import EVENT, WANTED, session
from tests.nostr.samples import SIGNER, signed
from tests.store.ledger_lines import Stream

Reader = Callable[[str | bytes], object]

NUMBERS = ("0", "-1", "1e999", "NaN", "Infinity", "1" * 400, "1.0", "2147483648", "9223372036854775808", "-0")
TEXTS = ('"\\ud800"', '"\\u0000"', '""', '"' + "é" * 70 + '"', '"\\uD83D\\uDE00"', '"' + "0" * 64 + '"')
OTHERS = ("null", "true", "[]", "{}", "[[]]", '{"a":1,"a":2}', "[" * 600, '{"a":' * 300, '"')
ENTRY = sign_event(event_from_entry(Stream().line().entry, kind=30078, pubkey=SIGNER.pubkey), SIGNER)
DEPTH_MAX = 5_000
SESSION_MESSAGES_MAX = 500


def corpus() -> tuple[str, ...]:
    """One of everything that a relay or a client says, well-formed."""
    event, about = event_to_object(EVENT), EVENT.id
    messages: list[list[object]] = [
        ["EVENT", "x", event],
        ["EVENT", "x", event_to_object(signed(kind=30078, tags=(("d", "é"), ("p", "a" * 64)), content="ü"))],
        ["EVENT", "x", event_to_object(ENTRY)],
        ["OK", about, True, ""],
        ["OK", about, False, "rate-limited: slow down"],
        ["EOSE", "x"],
        ["CLOSED", "x", "auth-required: who are you"],
        ["NOTICE", "hello"],
        ["AUTH", "a challenge"],
        ["COUNT", "x", {"count": 5}],
        ["NEG-MSG", "x", "61"],
        ["NEG-ERR", "x", "closed: too big"],
        ["EVENT", event],
        ["REQ", "x", {"kinds": [1], "#p": ["a" * 64], "since": 5, "limit": 10}],
        ["CLOSE", "x"],
        ["AUTH", event],
    ]
    return tuple(json.dumps(message, ensure_ascii=False) for message in messages)


def mutated(text: str, random: Random) -> str | bytes:
    """`text`, changed in some places: in its bytes, in its tokens, or in its structure."""
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 8))):
        text = random.choice(_MUTATIONS)(text, random)
    if random.random() < 0.2:
        data = bytearray(text.encode("utf-8", "surrogatepass"))
        for _ in range(random.randint(1, 4)):
            data[random.randrange(len(data)) if data else 0 :][:1] = b""
            if data:
                data[random.randrange(len(data))] = random.randrange(256)
        return bytes(data)
    return text


def _cut(text: str, random: Random) -> str:
    start = random.randrange(len(text) + 1)
    return text[:start] + text[start + random.randint(1, 30) :]


def _repeat(text: str, random: Random) -> str:
    start = random.randrange(len(text) + 1)
    return text[:start] + text[start : start + random.randint(1, 60)] * random.randint(1, 3) + text[start:]


def _insert(text: str, random: Random) -> str:
    start = random.randrange(len(text) + 1)
    return (
        text[:start]
        + random.choice((*NUMBERS, *TEXTS, *OTHERS, ",", "\x00", "\ud800", "\u2028"))
        + text[start:]
    )


def _nest(text: str, random: Random) -> str:
    depth = random.choice((1, 10, 200, DEPTH_MAX))
    return "[" * depth + text + "]" * depth


def _restructure(text: str, random: Random) -> str:
    """Replace, remove or repeat one value somewhere inside, if the text is JSON still."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    place = value
    for _ in range(random.randint(0, 3)):
        inner = [one for one in _values(place) if _values(one)]
        place = random.choice(inner) if inner else place
    marker = "\x01marker\x01"
    if isinstance(place, dict) and place:
        place[random.choice(list(cast("dict[str, Any]", place)))] = marker
    elif isinstance(place, list) and place:
        place[random.randrange(len(cast("list[Any]", place)))] = marker
    new = random.choice((*NUMBERS, *TEXTS, *OTHERS[:6], json.dumps("a" * random.choice((1, 64, 70_000)))))
    return json.dumps(value, ensure_ascii=False).replace(json.dumps(marker), new)


def _values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


_MUTATIONS = (_cut, _repeat, _insert, _nest, _restructure, _restructure, _restructure)


@dataclass(slots=True, kw_only=True)
class FuzzReport:
    """What readers made of mutated messages.

    Attributes:
        outcomes: how often each sort of value or error came out.
        crashes: input and error, where it was none of ours.
    """

    outcomes: Counter[str] = field(default_factory=Counter[str])
    crashes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class _Listening:
    """A session with something to wait for, begun anew now and then."""

    def __init__(self) -> None:
        self._heard = 0
        self._session = self._begin()

    def __call__(self, text: str | bytes) -> object:
        self._heard += 1
        if self._heard % SESSION_MESSAGES_MAX == 0:
            self._session = self._begin()
        return self._session.receive(text)

    def _begin(self) -> RelaySession:
        begun = session()
        begun.request("x", (WANTED,))
        begun.publish(signed(content="one"))
        return begun


def readers() -> dict[str, Reader]:
    """Everything that reads what strangers send."""

    def entry(text: str | bytes) -> object:
        return entry_from_event(event_from_json(text))

    return {
        "session": _Listening(),
        "relay message": parse_relay_message,
        "client message": parse_client_message,
        "entry": entry,
        "information": information_from_json,
    }


def fuzz(seed: int, count: int, *, of: dict[str, Reader] | None = None) -> FuzzReport:
    """Have every reader read `count` mutated messages."""
    report, reading = FuzzReport(), of or readers()
    for text in messages(seed, count):
        for name, read in reading.items():
            try:
                outcome = type(read(text)).__name__
            except NostrUsageError as error:
                outcome = type(error).__name__
            except Exception as error:  # noqa: BLE001  # this is what the search is for
                report.crashes.append((f"{name}: {text[:2_000]!r}", repr(error)))
                continue
            report.outcomes[f"{name}: {outcome}"] += 1
    return report


def messages(seed: int, count: int) -> Iterator[str | bytes]:
    """Mutated messages; one seed, one series."""
    random, texts = Random(seed), corpus()
    events = (event_to_json(EVENT).decode(), event_to_json(ENTRY).decode())
    for _ in range(count):
        yield mutated(random.choice(events if random.random() < 0.2 else texts), random)
