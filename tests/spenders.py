"""What tests of spending share: a spender, a chat to pay for, and answers of one sort."""

from __future__ import annotations

from dataclasses import replace

from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.report import balance_view, stream_of
from nostr_usage.spend import TTL_S_DEFAULT, Spender
from nostr_usage.views import BalanceView
from nostr_usage.writing.intent import Clearance, Hold, Intent, Used
from tests.operators import OperatorOfTests

CHAT = Used(tokens=247)


def spender_of(service: OperatorOfTests) -> Spender:
    """What spends for a service."""
    return Spender(store=service.store, operator=service.operator, catalogue=service.catalogue)


def chat(customer: AccountId, **fields: object) -> Intent:
    """A chat of the default catalogue, typically 250 tokens."""
    return replace(Intent(account=customer, activity="magic-mentor"), **fields)  # pyright: ignore[reportArgumentType] - a test names fields freely


def held(spender: Spender, intent: Intent, key: str, *, ttl_s: int = TTL_S_DEFAULT) -> Hold:
    """A hold that was not refused."""
    answer = spender.reserve(intent, key=key, ttl_s=ttl_s)
    assert isinstance(answer, Hold), answer
    return answer


def refusal(answer: object) -> Refusal:
    """The refusal that an answer is."""
    assert isinstance(answer, Refusal), answer
    return answer


def balance(service: OperatorOfTests, account: AccountId) -> BalanceView:
    """The balance as reports show it."""
    with service.store.read() as reader:
        stream = stream_of(reader, account)
        return balance_view(reader, stream, now=service.clock.now(), token_value=1_500_000)


def allowed(spender: Spender, intent: Intent) -> Clearance:
    """The clearance of an action that may run."""
    answer = spender.check(intent)
    assert isinstance(answer, Clearance), answer
    return answer
