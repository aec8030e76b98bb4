"""The session: subscriptions, publications, and frames that a sound relay would not send."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import InputError, RelayError
from nostr_usage.nostr.event import event_to_object
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.reason import Prefix, Reason, Verdict
from nostr_usage.nostr.session import (
    SPENT_IDS_MAX,
    UNANSWERED_MAX,
    EoseReceived,
    EventReceived,
    LateFrame,
    NoticeReceived,
    PublishAnswered,
    SessionEvent,
    Violation,
)
from tests.nostr.conversation import (
    EVENT,
    FORGED,
    NO_REASON,
    OTHER_KIND,
    WANTED,
    answered,
    begin,
    closed,
    hears,
    says,
    session,
    violation,
)
from tests.nostr.samples import SIGNER, json_values, signed


class TestSubscriptions:
    """REQ, EVENT, EOSE, CLOSE and CLOSED."""

    def test_a_page_is_read_to_its_end(self) -> None:
        """Ask, receive what was asked for, learn that it was all stored, hear what is new, end."""
        connection = session()
        assert ["REQ", "s1", {"kinds": [1], "limit": 10}] == says(connection.request("s1", (WANTED,)))
        received = EventReceived(subscription_id="s1", event=EVENT)
        assert received == hears(connection, "EVENT", "s1", event_to_object(EVENT))
        assert EoseReceived(subscription_id="s1", is_complete=None) == hears(connection, "EOSE", "s1")
        assert received == hears(connection, "EVENT", "s1", event_to_object(EVENT))
        assert ["CLOSE", "s1"] == says(connection.close("s1"))

    @pytest.mark.parametrize(
        ("hints", "is_complete"),
        [
            (["finish"], True),
            (["more"], False),
            (["auth", "finish"], True),
            (["auth"], None),
            ([], None),
            (["more", "finish"], None),
        ],
    )
    def test_the_relay_may_say_whether_that_was_all(
        self, *, hints: list[str], is_complete: bool | None
    ) -> None:
        """NIP-67; hints that are unknown or contradict each other say nothing."""
        connection = session()
        connection.request("s1", (WANTED,))
        expected = EoseReceived(subscription_id="s1", is_complete=is_complete)
        assert expected == hears(connection, "EOSE", "s1", hints)

    def test_any_of_several_filters_is_enough(self) -> None:
        """Filters of one request are ORed."""
        connection = session()
        connection.request("s1", (Filter(kinds=(2,)), Filter(kinds=(7,))))
        expected = EventReceived(subscription_id="s1", event=OTHER_KIND)
        assert expected == hears(connection, "EVENT", "s1", event_to_object(OTHER_KIND))

    def test_what_was_not_asked_for_is_a_violation(self) -> None:
        """A relay that ignores filters is not believed, and the subscription goes on."""
        connection = session()
        connection.request("s1", (WANTED,))
        wrong = hears(connection, "EVENT", "s1", event_to_object(OTHER_KIND))
        assert violation("an event that was not asked for", "s1") == wrong
        right = hears(connection, "EVENT", "s1", event_to_object(EVENT))
        assert EventReceived(subscription_id="s1", event=EVENT) == right

    def test_a_malformed_event_is_a_violation(self) -> None:
        """One bad event does not end the page."""
        connection = session()
        connection.request("s1", (WANTED,))
        assert violation("bad event id", "s1") == hears(connection, "EVENT", "s1", FORGED)
        assert EoseReceived(subscription_id="s1", is_complete=None) == hears(connection, "EOSE", "s1")

    def test_the_relay_may_end_a_subscription(self) -> None:
        """With a reason, and with what to do about it; then there is nothing left to close."""
        connection = session()
        connection.request("s1", (WANTED,))
        reason = Reason(prefix=Prefix.AUTH_REQUIRED, text="who?")
        expected = closed("s1", reason, Verdict.AUTHENTICATE)
        assert expected == hears(connection, "CLOSED", "s1", "ERROR: auth-required: who?")
        assert connection.close("s1") is None

    @pytest.mark.parametrize(
        "items",
        [
            ("EVENT", "s1", event_to_object(EVENT)),
            ("EVENT", "s1", FORGED),
            ("EOSE", "s1"),
            ("CLOSED", "s1", ""),
            ("COUNT", "s1", {"count": 1}),
        ],
    )
    def test_frames_that_cross_with_the_end_are_late(self, items: tuple[object, ...]) -> None:
        """A sound relay sends them until it has read the CLOSE: no violation, and no event."""
        connection = session()
        connection.request("s1", (WANTED,))
        connection.close("s1")
        assert LateFrame(subscription_id="s1") == hears(connection, *items)

    @pytest.mark.parametrize(
        "items",
        [
            ("EVENT", "s9", event_to_object(EVENT)),
            ("EOSE", "s9"),
            ("CLOSED", "s9", "error: x"),
            ("COUNT", "s9", {"count": 1}),
            ("NEG-MSG", "s9", "61"),
            ("NEG-ERR", "s9", "closed: x"),
        ],
    )
    def test_frames_for_nobody_are_violations(self, items: tuple[object, ...]) -> None:
        """Nothing enters through a subscription that was never opened."""
        connection = session()
        connection.request("s1", (WANTED,))
        expected = violation("a frame for a subscription that was never opened")
        assert expected == hears(connection, *items)

    def test_an_id_is_used_once(self) -> None:
        """While it is open, and after: else a late EOSE would end the newer page."""
        connection = session()
        connection.request("s1", (WANTED,))
        with pytest.raises(InputError, match="'s1' was used before"):
            connection.request("s1", (WANTED,))
        connection.close("s1")
        with pytest.raises(InputError, match="'s1' was used before"):
            connection.count("s1", (WANTED,))

    @pytest.mark.parametrize("subscription_id", ["", "s" * 65])
    def test_an_impossible_id_is_refused(self, subscription_id: str) -> None:
        """NIP-01 allows 1 to 64 characters."""
        with pytest.raises(InputError, match="1 to 64 characters"):
            session().request(subscription_id, (WANTED,))

    def test_open_requests_are_bounded(self) -> None:
        """Of all three sorts together, by what the relay allows; an end makes room."""
        connection = session(requests_max=3)
        connection.request("s1", (WANTED,))
        connection.count("s2", (WANTED,))
        connection.reconcile("s3", WANTED, b"a")
        with pytest.raises(RelayError, match="3 requests are open"):
            connection.request("s4", (WANTED,))
        hears(connection, "CLOSED", "s1", "")
        assert ["REQ", "s4", {}] == says(connection.request("s4", (Filter(),)))

    def test_the_memory_of_spent_ids_is_bounded(self) -> None:
        """The oldest is forgotten first; a frame for it then counts as sent for nobody."""
        connection = session()
        for number in range(SPENT_IDS_MAX + 1):
            connection.request(f"s{number}", (WANTED,))
            connection.close(f"s{number}")
        assert isinstance(hears(connection, "EOSE", "s0"), Violation)
        assert LateFrame(subscription_id="s1") == hears(connection, "EOSE", "s1")


class TestPublishing:
    """EVENT and OK."""

    @pytest.mark.parametrize(
        ("accepted", "text", "prefix", "rest", "verdict"),
        [
            (True, "", Prefix.NONE, "", Verdict.STORED),
            (True, "duplicate: have it", Prefix.DUPLICATE, "have it", Verdict.DUPLICATE),
            (False, "rate-limited: wait", Prefix.RATE_LIMITED, "wait", Verdict.LATER),
            (False, "invalid: too old", Prefix.INVALID, "too old", Verdict.ALARM),
        ],
    )
    def test_every_event_gets_its_answer(
        self, *, accepted: bool, text: str, prefix: Prefix, rest: str, verdict: Verdict
    ) -> None:
        """With the reason taken apart and what to do."""
        connection = session()
        assert ["EVENT", json.loads(json.dumps(event_to_object(EVENT)))] == says(connection.publish(EVENT))
        expected = PublishAnswered(
            event_id=EVENT.id,
            is_accepted=accepted,
            reason=Reason(prefix=prefix, text=rest),
            verdict=verdict,
        )
        assert expected == answered(connection, EVENT.id, accepted=accepted, text=text)

    def test_an_event_sent_twice_is_answered_twice(self) -> None:
        """A relay owes an OK for each EVENT, and not one more."""
        connection = session()
        connection.publish(EVENT)
        connection.publish(EVENT)
        answers = [answered(connection, EVENT.id) for _ in range(3)]
        expected = PublishAnswered(
            event_id=EVENT.id, is_accepted=True, reason=NO_REASON, verdict=Verdict.STORED
        )
        unasked = violation("an OK for an event that does not wait for one")
        assert [expected, expected, unasked] == answers

    def test_unanswered_events_are_bounded(self) -> None:
        """A relay that never answers cannot fill the memory; an answer makes room."""
        connection = session()
        sent = [signed(content=str(number)) for number in range(UNANSWERED_MAX)]
        for event in sent:
            connection.publish(event)
        with pytest.raises(RelayError, match="1000 events are unanswered"):
            connection.publish(EVENT)
        answered(connection, sent[0].id)
        assert "EVENT" == says(connection.publish(EVENT))[0]


class TestHostileFrames:
    """Nothing that arrives makes a session raise."""

    @pytest.mark.parametrize(
        ("sort", "items"),
        [
            ("subscription", ("COUNT", "x", {"count": 1})),
            ("subscription", ("NEG-MSG", "x", "61")),
            ("subscription", ("NEG-ERR", "x", "closed: x")),
            ("count", ("EOSE", "x")),
            ("count", ("NEG-MSG", "x", "61")),
            ("reconciliation", ("EOSE", "x")),
            ("reconciliation", ("COUNT", "x", {"count": 1})),
        ],
    )
    def test_an_answer_to_another_question_is_a_violation(self, sort: str, items: tuple[object, ...]) -> None:
        """The request stays open for the right one."""
        connection = session()
        begin(connection, sort)
        assert violation(f"a wrong answer to a {sort}", "x") == hears(connection, *items)
        assert connection.close("x") is not None

    @pytest.mark.parametrize("sort", ["count", "reconciliation"])
    def test_an_event_for_what_is_no_subscription_is_a_violation(self, sort: str) -> None:
        """Even one that its filter would match."""
        connection = session()
        begin(connection, sort)
        answer = hears(connection, "EVENT", "x", event_to_object(EVENT))
        assert violation(f"an event for a {sort}", "x") == answer

    def test_a_notice_is_text_and_nothing_more(self) -> None:
        """It can be printed, and changes nothing."""
        assert NoticeReceived(text="[31mhello") == hears(session(), "NOTICE", "\x1b[31mhello\n")

    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            ("hello", "message is not valid JSON"),
            (b"\xff", "message is not valid JSON"),
            ('["HELLO"]', "unknown message 'HELLO'"),
            ('["EOSE","' + "s" * 100 + '"]', "message larger than 100 bytes"),
        ],
    )
    def test_what_is_no_message_is_a_violation(self, frame: bytes | str, reason: str) -> None:
        """Over its limit, or malformed."""
        assert violation(reason) == session(message_bytes_max=100).receive(frame)

    @given(
        items=st.lists(
            json_values
            | st.sampled_from(("EVENT", "EOSE", "CLOSED", "COUNT", "AUTH", "OK", "NEG-MSG", "x", EVENT.id)),
            max_size=4,
        )
    )
    def test_any_json_means_something(self, items: list[object]) -> None:
        """Each frame gives exactly one session event."""
        connection = session(signer=SIGNER)
        connection.request("x", (WANTED,))
        connection.publish(EVENT)
        assert isinstance(hears(connection, *items), SessionEvent)
