"""The protocol of one connection to one relay, without the connection: frames in, what they mean out.

    subscription    request ─▶ open ─ EVENT … EOSE, EVENT … ─ close, or CLOSED ─▶ spent
    count           count ─▶ open ─ COUNT, or CLOSED ─▶ spent
    reconciliation  reconcile ─▶ open ⇄ NEG-MSG ─ close, NEG-ERR, or CLOSED ─▶ spent
    publishing      publish ─▶ waiting ─ OK ─▶ answered
    authentication  AUTH ─▶ challenged ─ authenticate ─▶ waiting ─ OK ─▶ answered ─ AUTH ─▶ challenged …

The three sorts of request share one space of ids, and an id is used once, so that a frame that crossed with
the end of a request is never taken for an answer to a newer one. Nothing here reads a clock, sends, or holds
an event; every collection is bounded.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import Enum

from nostr_usage.errors import InputError, MessageError, RelayError
from nostr_usage.nostr.auth import auth_event
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.filter import Filter, matches
from nostr_usage.nostr.message import (
    AuthMessage,
    CloseMessage,
    CountMessage,
    EventMessage,
    NegClose,
    NegMessage,
    NegOpen,
    RelayAuth,
    RelayClosed,
    RelayCount,
    RelayEose,
    RelayEvent,
    RelayMalformedEvent,
    RelayNegError,
    RelayNegMessage,
    RelayNotice,
    RelayOk,
    ReqMessage,
    encode_message,
    parse_relay_message,
)
from nostr_usage.nostr.message_items import SUBSCRIPTION_ID_CHARS_MAX
from nostr_usage.nostr.reason import parse_reason, printable, verdict_of_closed, verdict_of_ok
from nostr_usage.nostr.relay_message import RELAY_MESSAGE_BYTES_MAX
from nostr_usage.nostr.session_event import (
    AuthAnswered,
    AuthChallenged,
    CountReceived,
    EoseReceived,
    EventReceived,
    LateFrame,
    NoticeReceived,
    PublishAnswered,
    ReconciliationReceived,
    SessionEvent,
    SubscriptionClosed,
    Violation,
    ViolationSort,
)
from nostr_usage.nostr.signer import Signer

__all__ = [
    "AuthAnswered",
    "AuthChallenged",
    "CountReceived",
    "EoseReceived",
    "EventReceived",
    "LateFrame",
    "NoticeReceived",
    "PublishAnswered",
    "ReconciliationReceived",
    "RelaySession",
    "SessionEvent",
    "SubscriptionClosed",
    "Violation",
    "ViolationSort",
]

# strfry's limit on subscriptions, which is the largest that is common.
REQUESTS_MAX = 200
UNANSWERED_MAX = 1_000
# More than can be in flight when as many requests as may be open end at once.
SPENT_IDS_MAX = 1_000


class _Sort(Enum):
    SUBSCRIPTION = "subscription"
    COUNT = "count"
    RECONCILIATION = "reconciliation"


@dataclass(frozen=True, slots=True)
class _Request:
    sort: _Sort
    filters: tuple[Filter, ...]


class RelaySession:
    """One connection to one relay: begin a new one for every connection.

    The methods that express an intent return the text of the frame to send. `receive` takes every frame that
    arrives and says what it means. Nothing that a relay sends makes it raise.

    Args:
        relay_url: for the answer to an authentication challenge, and to name the relay in a `Violation`.
        signer: who authenticates; None to stay anonymous.
        requests_max: subscriptions, counts and reconciliations open at once.
        message_bytes_max: longer frames are a `Violation`.
    """

    def __init__(
        self,
        relay_url: str,
        *,
        signer: Signer | None = None,
        requests_max: int = REQUESTS_MAX,
        message_bytes_max: int = RELAY_MESSAGE_BYTES_MAX,
    ) -> None:
        self._relay_url = relay_url
        self._signer = signer
        self._requests_max = requests_max
        self._message_bytes_max = message_bytes_max
        self._requests: dict[str, _Request] = {}
        self._spent: OrderedDict[str, None] = OrderedDict()
        self._unanswered: Counter[str] = Counter()
        self._challenge: str | None = None
        self._answered_challenge: str | None = None
        self._auth_event_id: str | None = None

    def request(self, subscription_id: str, filters: tuple[Filter, ...]) -> str:
        """The REQ that asks for what matches any of `filters`.

        Raises:
            InputError: if the id was used before on this connection, or is not 1–64 characters.
            RelayError: if too many requests are open.
        """
        self._open(subscription_id, _Request(_Sort.SUBSCRIPTION, filters))
        return encode_message(ReqMessage(subscription_id=subscription_id, filters=filters))

    def count(self, subscription_id: str, filters: tuple[Filter, ...]) -> str:
        """The COUNT that asks how many match any of `filters` (NIP-45).

        Raises:
            InputError, RelayError: as `request`.
        """
        self._open(subscription_id, _Request(_Sort.COUNT, filters))
        return encode_message(CountMessage(subscription_id=subscription_id, filters=filters))

    def reconcile(self, subscription_id: str, wanted: Filter, message: bytes) -> str:
        """The NEG-OPEN that starts to reconcile what `wanted` matches, with the first turn (NIP-77).

        Raises:
            InputError, RelayError: as `request`.
        """
        self._open(subscription_id, _Request(_Sort.RECONCILIATION, (wanted,)))
        return encode_message(NegOpen(subscription_id=subscription_id, filter=wanted, message=message))

    def reconcile_further(self, subscription_id: str, message: bytes) -> str:
        """The NEG-MSG with the next turn of an open reconciliation (NIP-77)."""
        return encode_message(NegMessage(subscription_id=subscription_id, message=message))

    def close(self, subscription_id: str) -> str | None:
        """The CLOSE or NEG-CLOSE that ends an open request; None if the relay was quicker."""
        request = self._requests.get(subscription_id)
        if request is None:
            return None
        self._end(subscription_id)
        if request.sort is _Sort.RECONCILIATION:
            return encode_message(NegClose(subscription_id=subscription_id))
        return encode_message(CloseMessage(subscription_id=subscription_id))

    def publish(self, event: Event) -> str:
        """The EVENT that publishes `event`; each time it is sent it gets an answer of its own.

        Raises:
            RelayError: if too many events are unanswered.
        """
        if len(self._unanswered) >= UNANSWERED_MAX:
            raise RelayError(
                self._relay_url,
                f"{UNANSWERED_MAX} events are unanswered",
                advice="Wait for answers, or connect again.",
            )
        self._unanswered[event.id] += 1
        return encode_message(EventMessage(event=event))

    def authenticate(self, now: int) -> str | None:
        """The AUTH that answers the relay's challenge at `now` (unix seconds), once for each challenge.

        None without a signer, without a challenge, and if this challenge was answered: then to try again
        cannot help.
        """
        challenge = self._challenge
        if self._signer is None or challenge is None or challenge == self._answered_challenge:
            return None
        self._answered_challenge = challenge
        event = auth_event(challenge=challenge, relay=self._relay_url, created_at=now, signer=self._signer)
        self._auth_event_id = event.id
        return encode_message(AuthMessage(event=event))

    def receive(self, data: bytes | str) -> SessionEvent:
        """What one frame from the relay means."""
        try:
            message = parse_relay_message(data, bytes_max=self._message_bytes_max)
        except MessageError as error:
            return self._violation(error.message)
        match message:
            case RelayEvent():
                return self._receive_event(message)
            case RelayOk():
                return self._receive_ok(message)
            case RelayAuth(challenge=challenge):
                self._challenge = challenge
                return AuthChallenged(challenge=challenge)
            case RelayNotice(text=text):
                return NoticeReceived(text=printable(text))
            case _:
                return self._receive_about_request(message)

    def _receive_event(self, message: RelayEvent) -> SessionEvent:
        subscription_id, event = message.subscription_id, message.event
        request = self._requests.get(subscription_id)
        if request is None:
            return self._late_or_violation(subscription_id)
        if request.sort is not _Sort.SUBSCRIPTION:
            return self._violation(f"an event for a {request.sort.value}", subscription_id)
        if not any(matches(wanted, event) for wanted in request.filters):
            return self._violation(
                "an event that was not asked for", subscription_id, sort=ViolationSort.FOREIGN
            )
        return EventReceived(subscription_id=subscription_id, event=event)

    def _receive_ok(self, message: RelayOk) -> SessionEvent:
        reason = parse_reason(message.text)
        if message.event_id == self._auth_event_id:
            self._auth_event_id = None
            return AuthAnswered(is_accepted=message.accepted, reason=reason)
        if message.event_id not in self._unanswered:
            return self._violation(
                "an OK for an event that does not wait for one", sort=ViolationSort.UNASKED
            )
        self._unanswered[message.event_id] -= 1
        if not self._unanswered[message.event_id]:
            del self._unanswered[message.event_id]
        return PublishAnswered(
            event_id=message.event_id,
            is_accepted=message.accepted,
            reason=reason,
            verdict=verdict_of_ok(reason, accepted=message.accepted),
        )

    def _receive_about_request(
        self,
        message: RelayMalformedEvent | RelayEose | RelayClosed | RelayCount | RelayNegMessage | RelayNegError,
    ) -> SessionEvent:
        subscription_id = message.subscription_id
        request = self._requests.get(subscription_id)
        if request is None:
            return self._late_or_violation(subscription_id)
        match message, request.sort:
            case RelayMalformedEvent(reason=reason), _:
                return self._violation(reason, subscription_id)
            case RelayEose(hints=hints), _Sort.SUBSCRIPTION:
                return EoseReceived(subscription_id=subscription_id, is_complete=_is_complete(hints))
            case RelayCount(count=count, is_approximate=is_approximate), _Sort.COUNT:
                self._end(subscription_id)
                return CountReceived(
                    subscription_id=subscription_id, count=count, is_approximate=is_approximate
                )
            case RelayNegMessage(message=turn), _Sort.RECONCILIATION:
                return ReconciliationReceived(subscription_id=subscription_id, message=turn)
            case (RelayClosed(text=text), _) | (RelayNegError(text=text), _Sort.RECONCILIATION):
                self._end(subscription_id)
                reason = parse_reason(text)
                return SubscriptionClosed(
                    subscription_id=subscription_id, reason=reason, verdict=verdict_of_closed(reason)
                )
            case _:
                return self._violation(f"a wrong answer to a {request.sort.value}", subscription_id)

    def _open(self, subscription_id: str, request: _Request) -> None:
        if not 0 < len(subscription_id) <= SUBSCRIPTION_ID_CHARS_MAX:
            raise InputError(f"a subscription id has 1 to {SUBSCRIPTION_ID_CHARS_MAX} characters")
        if subscription_id in self._requests or subscription_id in self._spent:
            raise InputError(
                f"subscription id {subscription_id!r} was used before", advice="Take a fresh one."
            )
        if len(self._requests) >= self._requests_max:
            raise RelayError(
                self._relay_url,
                f"{self._requests_max} requests are open",
                advice="Close one first, or wait for an answer.",
            )
        self._requests[subscription_id] = request

    def _end(self, subscription_id: str) -> None:
        del self._requests[subscription_id]
        self._spent[subscription_id] = None
        if len(self._spent) > SPENT_IDS_MAX:
            self._spent.popitem(last=False)

    def _late_or_violation(self, subscription_id: str) -> LateFrame | Violation:
        if subscription_id in self._spent:
            return LateFrame(subscription_id=subscription_id)
        return self._violation("a frame for a subscription that was never opened", sort=ViolationSort.UNASKED)

    def _violation(
        self,
        reason: str,
        subscription_id: str | None = None,
        *,
        sort: ViolationSort = ViolationSort.MALFORMED,
    ) -> Violation:
        return Violation(relay=self._relay_url, reason=reason, subscription_id=subscription_id, sort=sort)


def _is_complete(hints: tuple[str, ...]) -> bool | None:
    said = {hint == "finish" for hint in hints if hint in {"finish", "more"}}
    return said.pop() if len(said) == 1 else None
