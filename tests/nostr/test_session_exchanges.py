"""The session: authentication, counts and reconciliations."""

from __future__ import annotations

import pytest

from nostr_usage.nostr.auth import check_auth_event
from nostr_usage.nostr.event import event_from_object, event_to_object
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.reason import Prefix, Reason, Verdict
from nostr_usage.nostr.session import (
    AuthAnswered,
    AuthChallenged,
    CountReceived,
    EventReceived,
    LateFrame,
    ReconciliationReceived,
    SubscriptionClosed,
    Violation,
)
from tests.nostr.conversation import (
    EVENT,
    NO_REASON,
    WANTED,
    answered,
    closed,
    hears,
    says,
    session,
    violation,
)
from tests.nostr.samples import NOW, RELAY, SIGNER


class TestAuthentication:
    """AUTH both ways (NIP-42)."""

    def test_a_refused_request_is_repeated_after_authentication(self) -> None:
        """Challenged, refused, authenticated, asked again under a fresh id, answered."""
        connection = session(signer=SIGNER)
        assert AuthChallenged(challenge="c1") == hears(connection, "AUTH", "c1")
        connection.request("s1", (WANTED,))
        refusal = hears(connection, "CLOSED", "s1", "auth-required: who?")
        assert isinstance(refusal, SubscriptionClosed)
        assert Verdict.AUTHENTICATE is refusal.verdict

        verb, answer = says(connection.authenticate(NOW))
        assert "AUTH" == verb
        check_auth_event(event_from_object(answer), challenge="c1", relay=RELAY, now=NOW)
        expected = AuthAnswered(is_accepted=True, reason=NO_REASON)
        assert expected == answered(connection, answer["id"])

        connection.request("s2", (WANTED,))
        received = hears(connection, "EVENT", "s2", event_to_object(EVENT))
        assert EventReceived(subscription_id="s2", event=EVENT) == received

    def test_a_refused_key_is_told(self) -> None:
        """The answer to AUTH is no answer to a publication."""
        connection = session(signer=SIGNER)
        hears(connection, "AUTH", "c1")
        answer = says(connection.authenticate(NOW))[1]
        reason = Reason(prefix=Prefix.RESTRICTED, text="members only")
        expected = AuthAnswered(is_accepted=False, reason=reason)
        assert expected == answered(connection, answer["id"], accepted=False, text="restricted: members only")
        again = answered(connection, answer["id"], accepted=False)
        assert violation("an OK for an event that does not wait for one") == again

    def test_a_challenge_is_answered_once(self) -> None:
        """Also if the relay repeats it; a new one gets a new answer."""
        connection = session(signer=SIGNER)
        hears(connection, "AUTH", "c1")
        assert connection.authenticate(NOW) is not None
        assert connection.authenticate(NOW) is None
        hears(connection, "AUTH", "c1")
        assert connection.authenticate(NOW) is None
        hears(connection, "AUTH", "c2")
        assert ["challenge", "c2"] in says(connection.authenticate(NOW))[1]["tags"]

    def test_the_newest_challenge_counts(self) -> None:
        """An older one is void."""
        connection = session(signer=SIGNER)
        hears(connection, "AUTH", "c1")
        hears(connection, "AUTH", "c2")
        assert ["challenge", "c2"] in says(connection.authenticate(NOW))[1]["tags"]

    def test_without_a_challenge_there_is_nothing_to_answer(self) -> None:
        """Some relays refuse first and challenge later."""
        assert session(signer=SIGNER).authenticate(NOW) is None

    def test_without_a_signer_the_session_stays_anonymous(self) -> None:
        """An auditor's read-back must not be recognised."""
        connection = session()
        hears(connection, "AUTH", "c1")
        assert connection.authenticate(NOW) is None

    def test_a_challenge_that_cannot_be_signed_is_a_violation(self) -> None:
        """It would be refused when signing, so it is refused when received."""
        connection = session(signer=SIGNER)
        assert isinstance(hears(connection, "AUTH", "c\u0000"), Violation)
        assert connection.authenticate(NOW) is None


class TestCounting:
    """COUNT (NIP-45)."""

    def test_a_count_is_answered_once(self) -> None:
        """Its id is spent with the answer."""
        connection = session()
        assert ["COUNT", "n1", {"kinds": [1], "limit": 10}] == says(connection.count("n1", (WANTED,)))
        expected = CountReceived(subscription_id="n1", count=812, is_approximate=True)
        answer = {"count": 812, "approximate": True}
        assert expected == hears(connection, "COUNT", "n1", answer)
        assert LateFrame(subscription_id="n1") == hears(connection, "COUNT", "n1", answer)

    def test_a_relay_that_does_not_count_closes(self) -> None:
        """With a reason, as for a subscription."""
        connection = session()
        connection.count("n1", (WANTED,))
        reason = Reason(prefix=Prefix.COUNT_FAILED, text="disabled")
        expected = closed("n1", reason, Verdict.FINAL)
        assert expected == hears(connection, "CLOSED", "n1", "count-failed: disabled")

    def test_a_count_can_be_given_up(self) -> None:
        """By the same CLOSE as a subscription."""
        connection = session()
        connection.count("n1", (WANTED,))
        assert ["CLOSE", "n1"] == says(connection.close("n1"))


class TestReconciliation:
    """NEG-OPEN, NEG-MSG, NEG-CLOSE and NEG-ERR (NIP-77)."""

    def test_turns_go_back_and_forth(self) -> None:
        """Open, their turn, our turn, end."""
        connection = session()
        opened = says(connection.reconcile("n1", Filter(kinds=(1,)), b"\x61\x00"))
        assert ["NEG-OPEN", "n1", {"kinds": [1]}, "6100"] == opened
        expected = ReconciliationReceived(subscription_id="n1", message=b"\x61\x01")
        assert expected == hears(connection, "NEG-MSG", "n1", "6101")
        assert ["NEG-MSG", "n1", "6102"] == says(connection.reconcile_further("n1", b"\x61\x02"))
        assert ["NEG-CLOSE", "n1"] == says(connection.close("n1"))
        assert LateFrame(subscription_id="n1") == hears(connection, "NEG-MSG", "n1", "6103")

    @pytest.mark.parametrize("verb", ["NEG-ERR", "CLOSED"])
    def test_the_relay_may_refuse(self, verb: str) -> None:
        """With an error, or as it refuses anything else."""
        connection = session()
        connection.reconcile("n1", WANTED, b"a")
        reason = Reason(prefix=Prefix.BLOCKED, text="too many results")
        expected = closed("n1", reason, Verdict.FINAL)
        assert expected == hears(connection, verb, "n1", "blocked: too many results")
