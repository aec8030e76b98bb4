"""Spending in any order: what is promised never exceeds what is there, and each hold ends once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nostr_usage.errors import HoldError, IdempotencyError
from nostr_usage.ledger.entry import EntryId, Source
from nostr_usage.ledger.fold import balance_of, fold
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.nostr.event import event_from_json
from nostr_usage.report import balance_view, stream_of
from nostr_usage.spend import Spender
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.writing.intent import Hold, Intent, Used
from nostr_usage.writing.request import Grant
from tests.operators import operator_in

TTL_S = 100


class SpendingMachine(RuleBasedStateMachine):
    """A ledger, and a model of it in three numbers and two dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._opened = operator_in(Path(self._directory.name))
        self._service = self._opened.__enter__()
        self._account = self._service.open_account()
        self._spender = Spender(
            store=self._service.store,
            operator=self._service.operator,
            catalogue=self._service.catalogue,
        )
        self._balance = 5_000
        self._open: dict[str, tuple[int, int]] = {}  # tokens and end, by id
        self._ended: dict[str, int | None] = {}  # what was charged, by id; None if voided
        self._keys = 0

    def teardown(self) -> None:
        """Close the ledger."""
        self._opened.__exit__(None, None, None)
        self._directory.cleanup()

    @property
    def _held(self) -> int:
        now = self._service.clock.now()
        return sum(tokens for tokens, end in self._open.values() if end > now)

    def _key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"

    @rule(tokens=st.integers(0, 3_000))
    def reserve(self, tokens: int) -> None:
        """Granted exactly if the balance covers it with all holds taken off."""
        intent = Intent(account=self._account, activity="magic-mentor", tokens=tokens)
        answer = self._spender.reserve(intent, key=self._key(), ttl_s=TTL_S)
        fits = self._balance > 0 and tokens <= self._balance - self._held
        assert fits is isinstance(answer, Hold)
        if isinstance(answer, Hold):
            self._open[answer.hold_id] = (tokens, answer.expires_at)

    @precondition(lambda self: self._open)
    @rule(data=st.data(), tokens=st.integers(0, 4_000))
    def settle(self, data: st.DataObject, tokens: int) -> None:
        """Any amount, expired or not; again the same."""
        hold_id = data.draw(st.sampled_from(sorted(self._open)))
        receipt = self._spender.settle(hold_id, Used(tokens=tokens))
        self._balance -= tokens
        del self._open[hold_id]
        self._ended[hold_id] = tokens
        assert self._balance == receipt.entry.balance.total

    @precondition(lambda self: self._open)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        """Gives back."""
        hold_id = data.draw(st.sampled_from(sorted(self._open)))
        self._spender.void(hold_id)
        del self._open[hold_id]
        self._ended[hold_id] = None

    @precondition(lambda self: self._open)
    @rule(data=st.data(), ttl_s=st.integers(1, 2 * TTL_S))
    def extend(self, data: st.DataObject, ttl_s: int) -> None:
        """An open one always; an expired one if its tokens are still there."""
        hold_id = data.draw(st.sampled_from(sorted(self._open)))
        tokens, end = self._open[hold_id]
        is_open = end > self._service.clock.now()
        fits = self._balance > 0 and tokens <= self._balance - self._held
        answer = self._spender.extend(hold_id, ttl_s=ttl_s)
        assert (is_open or fits) is isinstance(answer, Hold)
        if isinstance(answer, Hold):
            self._open[hold_id] = (tokens, self._service.clock.now() + ttl_s)

    @precondition(lambda self: self._ended)
    @rule(data=st.data())
    def end_again(self, data: st.DataObject) -> None:
        """A hold that has ended gives its answer again, or an error; nothing moves."""
        hold_id = data.draw(st.sampled_from(sorted(self._ended)))
        charged = self._ended[hold_id]
        if charged is None:
            assert self._spender.void(hold_id).is_repeat
            self._expect_error(hold_id, Used(tokens=1))
        else:
            assert self._spender.settle(hold_id, Used(tokens=charged)).is_repeat
            self._expect_error(hold_id, Used(tokens=charged + 1))

    def _expect_error(self, hold_id: str, used: Used) -> None:
        try:
            self._spender.settle(hold_id, used)
        except (HoldError, IdempotencyError):
            return
        raise AssertionError("a hold ended twice")

    @rule(tokens=st.integers(1, 3_000))
    def buy(self, tokens: int) -> None:
        """More tokens; debt is paid first."""
        grant = Grant(account=self._account, tokens=tokens, source=Source.PURCHASED, key=self._key())
        self._service.recorder.grant(grant)
        self._balance += tokens

    @rule(seconds=st.integers(1, TTL_S))
    def wait(self, seconds: int) -> None:
        """Holds expire."""
        self._service.clock.advance(seconds)

    @rule()
    def restart(self) -> None:
        """What expired is marked; nothing that counts changes."""
        self._spender.recover()

    @invariant()
    def views_agree(self) -> None:
        """Balance and held are the model's, and checking agrees to the token."""
        with self._service.store.read() as reader:
            stream = stream_of(reader, self._account)
            view = balance_view(reader, stream, now=self._service.clock.now(), token_value=1)
        assert (self._balance, self._held) == (view.tokens, view.held)
        left = self._balance - self._held
        intent = Intent(account=self._account, activity="magic-mentor", tokens=max(left, 0) + 1)
        assert isinstance(self._spender.check(intent), Refusal)

    @invariant()
    def events_fold_to_the_balance(self) -> None:
        """Holds leave no trace in what is published: the entries alone give the balance."""
        with self._service.store.read() as reader:
            rows = list(reader.events_of_stream(stream_of(reader, self._account).stream_no))
        events = [event_from_json(row.event_json) for row in rows]
        result = fold((EntryId(event.id), entry_from_event(event)) for event in events)
        assert () == result.problems
        assert self._balance == balance_of(result.state).total


TestSpending = SpendingMachine.TestCase
TestSpending.settings = settings(max_examples=15, stateful_step_count=25)
TestSpending.__doc__ = "Any order of calls keeps the promises."
