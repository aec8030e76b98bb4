"""Messages of NIP-01, 42, 45, 67 and 77: both ways, and never any error but ours."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import MessageError
from nostr_usage.nostr.client_message import CLIENT_MESSAGE_BYTES_MAX, FILTERS_MAX
from nostr_usage.nostr.event import Event, event_from_object, event_to_object
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.message import (
    AuthMessage,
    ClientMessage,
    CloseMessage,
    CountMessage,
    EventMessage,
    MalformedClientMessage,
    NegClose,
    NegMessage,
    NegOpen,
    RelayAuth,
    RelayClosed,
    RelayCount,
    RelayEose,
    RelayEvent,
    RelayMalformedEvent,
    RelayMessage,
    RelayNegError,
    RelayNegMessage,
    RelayNotice,
    RelayOk,
    ReqMessage,
    SendableClientMessage,
    SendableRelayMessage,
    encode_message,
    parse_client_message,
    parse_relay_message,
)
from nostr_usage.nostr.relay_message import CHALLENGE_CHARS_MAX, RELAY_MESSAGE_BYTES_MAX
from tests.nostr.samples import events, filters, json_values, signed

EVENT: Event = event_from_object(event_to_object(signed(tags=(("d", "slot"),), content="é")))
OBJECT = event_to_object(EVENT)
ID = EVENT.id
FORGED = OBJECT | {"content": "forged"}
WANTED = Filter(kinds=(1,), limit=5)

subscription_ids = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=64)
lines = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
turns = st.binary(min_size=1, max_size=40)
# Read events are not verified yet.
read_events = events().map(event_to_object).map(event_from_object)
filter_lists = st.lists(filters(), min_size=1, max_size=3).map(tuple)

client_messages: st.SearchStrategy[SendableClientMessage] = st.one_of(
    st.builds(EventMessage, event=read_events),
    st.builds(AuthMessage, event=read_events),
    st.builds(ReqMessage, subscription_id=subscription_ids, filters=filter_lists),
    st.builds(CountMessage, subscription_id=subscription_ids, filters=filter_lists),
    st.builds(CloseMessage, subscription_id=subscription_ids),
    st.builds(NegOpen, subscription_id=subscription_ids, filter=filters(), message=turns),
    st.builds(NegMessage, subscription_id=subscription_ids, message=turns),
    st.builds(NegClose, subscription_id=subscription_ids),
)
relay_messages: st.SearchStrategy[SendableRelayMessage] = st.one_of(
    st.builds(RelayEvent, subscription_id=subscription_ids, event=read_events),
    st.builds(RelayOk, event_id=st.just(ID), accepted=st.booleans(), text=lines),
    st.builds(RelayEose, subscription_id=subscription_ids, hints=st.lists(lines, max_size=2).map(tuple)),
    st.builds(RelayClosed, subscription_id=subscription_ids, text=lines),
    st.builds(RelayNotice, text=lines),
    st.builds(RelayAuth, challenge=st.text("abc 123", min_size=1, max_size=20)),
    st.builds(
        RelayCount,
        subscription_id=subscription_ids,
        count=st.integers(0, 2**53 - 1),
        is_approximate=st.booleans(),
    ),
    st.builds(RelayNegMessage, subscription_id=subscription_ids, message=turns),
    st.builds(RelayNegError, subscription_id=subscription_ids, text=lines),
)
verbs = st.sampled_from(
    (
        "EVENT",
        "OK",
        "EOSE",
        "CLOSED",
        "NOTICE",
        "AUTH",
        "COUNT",
        "REQ",
        "CLOSE",
        "NEG-OPEN",
        "NEG-MSG",
        "NEG-ERR",
    )
)


def with_verb(verb: str, items: list[object]) -> list[object]:
    """An array that starts like a message."""
    return [verb, *items]


near_messages = st.builds(with_verb, verbs, st.lists(json_values | st.just("s"), max_size=4))


class TestBothWays:
    """What is written is read back."""

    @given(message=client_messages)
    def test_client_messages_survive_the_round_trip(self, message: SendableClientMessage) -> None:
        """Every message of a client is read as it was written."""
        assert message == parse_client_message(encode_message(message))

    @given(message=relay_messages)
    def test_relay_messages_survive_the_round_trip(self, message: SendableRelayMessage) -> None:
        """Every message of a relay is read as it was written, as text and as bytes."""
        text = encode_message(message)
        assert message == parse_relay_message(text)
        assert message == parse_relay_message(text.encode())

    @given(value=json_values | near_messages)
    def test_no_json_gives_any_other_error(self, value: object) -> None:
        """Whatever JSON can write is a message or a `MessageError`, to clients and to relays."""
        for parse in (parse_relay_message, parse_client_message):
            with contextlib.suppress(MessageError):
                parse(json.dumps(value))

    def test_an_unknown_verb_is_named_in_a_printable_way(self) -> None:
        """The message of the error goes to a log or a terminal."""
        with pytest.raises(MessageError) as caught:
            parse_relay_message('["\\u001b[2J"]')
        assert r"unknown message '\x1b[2J'" == caught.value.message

    @given(data=st.binary(max_size=100) | st.text(max_size=100))
    def test_no_bytes_give_any_other_error(self, data: bytes | str) -> None:
        """Chance frames are refused with the one error that callers expect."""
        for parse in (parse_relay_message, parse_client_message):
            with pytest.raises(MessageError):
                parse(data)

    @pytest.mark.parametrize(
        ("parse", "bytes_max"),
        [(parse_relay_message, RELAY_MESSAGE_BYTES_MAX), (parse_client_message, CLIENT_MESSAGE_BYTES_MAX)],
    )
    def test_a_frame_over_the_limit_is_refused(
        self, parse: Callable[[bytes], object], bytes_max: int
    ) -> None:
        """Before it is parsed."""
        with pytest.raises(MessageError, match=f"larger than {bytes_max} bytes"):
            parse(b'["CLOSED","s",""' + b" " * bytes_max + b"]")


RELAY_CASES: list[tuple[list[object], RelayMessage]] = [
    (["EVENT", "s", OBJECT], RelayEvent(subscription_id="s", event=EVENT)),
    (["EVENT", "s", OBJECT, "more"], RelayEvent(subscription_id="s", event=EVENT)),
    (["EVENT", "s", FORGED], RelayMalformedEvent(subscription_id="s", reason="bad event id")),
    (["EVENT", "s", None], RelayMalformedEvent(subscription_id="s", reason="event is not an object")),
    (["OK", ID, True, ""], RelayOk(event_id=ID, accepted=True, text="")),
    (["OK", ID, False, "blocked: x"], RelayOk(event_id=ID, accepted=False, text="blocked: x")),
    (["EOSE", "s"], RelayEose(subscription_id="s")),
    (["EOSE", "s", ["finish"]], RelayEose(subscription_id="s", hints=("finish",))),
    (["EOSE", "s", [1, "more", None]], RelayEose(subscription_id="s", hints=("more",))),
    (["EOSE", "s", "finish"], RelayEose(subscription_id="s")),
    (["CLOSED", "s", "error: x"], RelayClosed(subscription_id="s", text="error: x")),
    (["NOTICE", "hello"], RelayNotice(text="hello")),
    (["AUTH", "c" * CHALLENGE_CHARS_MAX], RelayAuth(challenge="c" * CHALLENGE_CHARS_MAX)),
    (["COUNT", "s", {"count": 5}], RelayCount(subscription_id="s", count=5)),
    (
        ["COUNT", "s", {"count": 5, "approximate": True, "hll": "00", "limited": True}],
        RelayCount(subscription_id="s", count=5, is_approximate=True),
    ),
    (["COUNT", "s", {"count": 5, "approximate": 1}], RelayCount(subscription_id="s", count=5)),
    (["NEG-MSG", "s", "61ff"], RelayNegMessage(subscription_id="s", message=b"\x61\xff")),
    (["NEG-ERR", "s", "blocked: big", 9], RelayNegError(subscription_id="s", text="blocked: big")),
]


class TestRelayMessages:
    """What relays send."""

    @pytest.mark.parametrize(
        ("message", "items"),
        [
            (RelayOk(event_id=ID, accepted=True), ["OK", ID, True, ""]),
            (RelayEose(subscription_id="s"), ["EOSE", "s"]),
            (RelayEose(subscription_id="s", hints=("more",)), ["EOSE", "s", ["more"]]),
            (RelayCount(subscription_id="s", count=5), ["COUNT", "s", {"count": 5}]),
            (
                RelayCount(subscription_id="s", count=5, is_approximate=True),
                ["COUNT", "s", {"count": 5, "approximate": True}],
            ),
        ],
    )
    def test_what_may_be_left_out_is_left_out(
        self, message: SendableRelayMessage, items: list[object]
    ) -> None:
        """Hints and flags are written where they say something."""
        assert items == json.loads(encode_message(message))

    @pytest.mark.parametrize(("items", "message"), RELAY_CASES)
    def test_a_message_is_read(self, items: list[object], message: RelayMessage) -> None:
        """Later items that are not known are ignored; an event that is none leaves the rest readable."""
        assert message == parse_relay_message(json.dumps(items))

    @pytest.mark.parametrize(
        "items",
        [
            {"EVENT": 1},
            [],
            [["EVENT"]],
            [None],
            ["event", "s", OBJECT],
            ["REQ", "s", {}],
            ["EVENT", OBJECT],
            ["EVENT", "", OBJECT],
            ["EVENT", "s" * 65, OBJECT],
            ["EVENT", 1, OBJECT],
            ["OK", ID, True],
            ["OK", ID, 1, ""],
            ["OK", ID[:-1], True, ""],
            ["OK", None, True, ""],
            ["OK", ID, True, None],
            ["EOSE"],
            ["EOSE", None],
            ["CLOSED", "s"],
            ["CLOSED", "s", 1],
            ["NOTICE"],
            ["NOTICE", {}],
            ["AUTH"],
            ["AUTH", ""],
            ["AUTH", "c" * (CHALLENGE_CHARS_MAX + 1)],
            ["AUTH", "c\n"],
            ["AUTH", OBJECT],
            ["COUNT", "s", 5],
            ["COUNT", "s", {}],
            ["COUNT", "s", {"count": -1}],
            ["COUNT", "s", {"count": True}],
            ["COUNT", "s", {"count": 1.0}],
            ["NEG-MSG", "s", ""],
            ["NEG-MSG", "s", "6"],
            ["NEG-MSG", "s", "FF"],
            ["NEG-ERR", "s"],
        ],
        ids=str,
    )
    def test_what_is_no_message_is_refused(self, items: object) -> None:
        """Unknown verbs, missing items and wrong types."""
        with pytest.raises(MessageError):
            parse_relay_message(json.dumps(items))


CLIENT_CASES: list[tuple[list[object], ClientMessage]] = [
    (["EVENT", OBJECT], EventMessage(event=EVENT)),
    (["AUTH", OBJECT], AuthMessage(event=EVENT)),
    (["REQ", "s", {"kinds": [1], "limit": 5}], ReqMessage(subscription_id="s", filters=(WANTED,))),
    (
        ["COUNT", "s", {}, {"limit": 0}],
        CountMessage(subscription_id="s", filters=(Filter(), Filter(limit=0))),
    ),
    (["CLOSE", "s"], CloseMessage(subscription_id="s")),
    (["NEG-OPEN", "s", {}, "61"], NegOpen(subscription_id="s", filter=Filter(), message=b"a")),
    (["NEG-MSG", "s", "61"], NegMessage(subscription_id="s", message=b"a")),
    (["NEG-CLOSE", "s"], NegClose(subscription_id="s")),
]
ANSWERABLE: list[tuple[list[object], str, str]] = [
    (["EVENT", FORGED], ID, "bad event id"),
    (["AUTH", {"id": ID}], ID, "pubkey is not 64 lowercase hex digits"),
    (["REQ", "s", {"search": "x"}], "s", "unsupported filter key 'search'"),
    (["COUNT", "s", {}, []], "s", "filter is not an object"),
    (["NEG-OPEN", "s", [], "61"], "s", "filter is not an object"),
    (["NEG-OPEN", "s", {}, "xx"], "s", "NEG-OPEN is not lowercase hex"),
    (["NEG-MSG", "s", None], "s", "NEG-MSG is not lowercase hex"),
]
UNANSWERABLE: list[object] = [
    "REQ",
    ["OK", ID, True, ""],
    ["EVENT"],
    ["EVENT", OBJECT, 1],
    ["EVENT", 5],
    ["EVENT", {"id": "short"}],
    ["AUTH", "challenge"],
    ["REQ", "s"],
    ["REQ", "", {}],
    ["REQ", 5, {}],
    ["REQ", "s", *[{}] * (FILTERS_MAX + 1)],
    ["CLOSE"],
    ["CLOSE", "s", 1],
    ["NEG-OPEN", "s", {}],
    ["NEG-MSG", "s"],
    ["NEG-CLOSE", None],
]


class TestClientMessages:
    """What clients send, as a relay reads it."""

    @pytest.mark.parametrize(("items", "message"), CLIENT_CASES)
    def test_a_message_is_read(self, items: list[object], message: ClientMessage) -> None:
        """Every verb of a client."""
        assert message == parse_client_message(json.dumps(items))

    @pytest.mark.parametrize(("items", "about", "reason"), ANSWERABLE)
    def test_a_wrong_message_is_answered_by_name(self, items: list[object], about: str, reason: str) -> None:
        """So that the client learns which of its requests was wrong."""
        expected = MalformedClientMessage(verb=str(items[0]), about=about, reason=reason)
        assert expected == parse_client_message(json.dumps(items))

    @pytest.mark.parametrize("items", UNANSWERABLE)
    def test_what_is_no_message_is_refused(self, items: object) -> None:
        """There is nothing to answer by name; a relay is strict about the number of items."""
        with pytest.raises(MessageError):
            parse_client_message(json.dumps(items))
