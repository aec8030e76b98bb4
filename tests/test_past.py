"""A stream as it was: to and fro gives what folding from the first entry gives."""

from __future__ import annotations

from pathlib import Path
from random import Random

from nostr_usage.ledger.entry import DEFAULT_METER, AccountId, EntryId
from nostr_usage.proof import Past
from nostr_usage.writing.request import Action, Refund
from tests.operators import OperatorOfTests, operator_in

ENTRIES = 260


def act(operator: OperatorOfTests, account: AccountId, number: int) -> EntryId:
    """One action a minute; every tenth is refunded later."""
    operator.clock.set(operator.clock.now() + 60)
    action = Action(account=account, activity="magic-mentor", key=f"action {number}", tokens=3)
    return operator.recorder.record(action).entry_id


def test_steps_to_and_fro_give_what_a_fold_from_the_start_gives(tmp_path: Path) -> None:
    """In any order of looks, refunds of entries long ago included, also those that came after a look."""
    with operator_in(tmp_path) as operator:
        account = operator.open_account()
        ids = [act(operator, account, number) for number in range(ENTRIES)]
        travelled, chance = Past(), Random(5)
        for turn in range(3):
            entry_id = ids[chance.randrange(ENTRIES)]
            operator.recorder.refund(Refund(entry_id=entry_id, tokens=1, key=f"refund {turn}"))
            with operator.store.read() as reader:
                stream = reader.stream(account, DEFAULT_METER)
                assert stream is not None
                for _ in range(25):
                    seq = chance.randint(1, stream.seq)
                    assert Past().view(reader, stream, seq) == travelled.view(reader, stream, seq)
                last = travelled.view(reader, stream, stream.seq)
                assert last is not None
                assert (last.row.balance, 0) == (last.tokens, last.problems)


def test_another_stream_begins_anew(tmp_path: Path) -> None:
    """What was folded of one account is not gone on with for another."""
    with operator_in(tmp_path) as operator:
        accounts = [operator.open_account(label) for label in ("alice", "bob")]
        act(operator, accounts[1], 1)
        travelled = Past()
        with operator.store.read() as reader:
            for account in (*accounts, *accounts):
                stream = reader.stream(account, DEFAULT_METER)
                assert stream is not None
                assert Past().view(reader, stream, stream.seq) == travelled.view(reader, stream, stream.seq)
