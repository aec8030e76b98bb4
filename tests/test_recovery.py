"""A backup that is put back: it signs nothing before it has read what its ledger published since."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.errors import HomeError, IdempotencyError
from nostr_usage.ledger.entry import AccountId, EntryId
from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.publish import publish_due
from nostr_usage.recovery import Recovery, find_unknown_entry, recover
from nostr_usage.store import Store, StreamStatus
from nostr_usage.writing.request import Action, NewAccount, Receipt
from tests.ledgers import KIND, LOCAL, events_of, heads, read_into
from tests.operators import OperatorOfTests, operator_in
from tests.relay_behaviours import drop
from tests.scripted_relay import ScriptedRelay
from tests.signed_events import signed, signer_of


class Lab:
    """A ledger, a backup from its middle, and the same home with the backup in its place."""

    def __init__(self, directory: Path, stack: ExitStack, relay: str) -> None:
        self.relay = relay
        self._directory = directory
        self._stack = stack
        (directory / "first").mkdir()
        self.first = self.open("first")
        self.account = self.first.open_account()
        for number in range(3):
            record(self.first, self.account, f"before-{number}")

    def open(self, name: str) -> OperatorOfTests:
        """The home of that name."""
        return self._stack.enter_context(operator_in(self._directory / name, relays=(self.relay,)))

    def restore(self, *, is_plain: bool = False) -> Callable[[], OperatorOfTests]:
        """Back up now; what is returned opens the backup as a home. A plain copy (a control) has no mark."""
        home = self._directory / "restored"
        home.mkdir()
        if is_plain:
            with self.first.store.read() as reader:
                assert reader.entry_count() > 0
            for path in (self._directory / "first").glob("ledger.sqlite*"):
                shutil.copy(path, home / path.name)
        else:
            self.first.store.copy_to(home / "ledger.sqlite")

        def open_restored() -> OperatorOfTests:
            shutil.copy(self._directory / "first" / "accounts.sqlite", home / "accounts.sqlite")
            return self.open("restored")

        return open_restored


@pytest.fixture
def lab(tmp_path: Path, embedded_relay: EmbeddedRelay) -> Generator[Lab]:
    """A ledger with three debits, none of them published."""
    with ExitStack() as stack:
        yield Lab(tmp_path, stack, embedded_relay.url)


def record(operator: OperatorOfTests, account: AccountId, key: str) -> Receipt:
    """One debit."""
    return operator.recorder.record(Action(account=account, activity="magic-mentor", tokens=5, key=key))


async def publish(operator: OperatorOfTests, *relays: str) -> int:
    """Send what is due; how many events are now published."""
    report = await publish_due(
        operator.store, relays=relays, policy=LOCAL, clock=operator.clock, random=Random(1)
    )
    return report.published


async def recovery_of(operator: OperatorOfTests, *relays: str) -> Recovery:
    """Recover from these relays."""
    return await recover(
        operator.store,
        relays=relays,
        outbox_relays=operator.operator.outbox_relays,
        ledger_pubkey=operator.operator.signer.pubkey,
        kinds=(KIND,),
        policy=LOCAL,
        clock=operator.clock,
        random=Random(1),
    )


async def unknown_to(operator: OperatorOfTests, *relays: str) -> EntryId | None:
    """An entry that relays know and the operator does not."""
    return await find_unknown_entry(
        operator.store,
        relays=relays,
        ledger_pubkey=operator.operator.signer.pubkey,
        kinds=(KIND,),
        policy=LOCAL,
        clock=operator.clock,
        random=Random(1),
    )


async def test_a_restored_backup_signs_only_after_it_recovered(lab: Lab, tmp_path: Path) -> None:
    """It refuses, reads its own entries, and goes on where the ledger ended; no reader sees two histories."""
    restored = lab.restore()
    later = [record(lab.first, lab.account, f"after-{number}") for number in range(4)]
    await publish(lab.first, lab.relay)
    second = restored()
    with pytest.raises(HomeError, match="must recover before it signs"):
        record(second, lab.account, "too early")
    recovery = await recovery_of(second, lab.relay)
    assert recovery.is_done
    assert 4 == recovery.entries
    assert heads(lab.first.store) == heads(second.store)
    record(second, lab.account, "afterwards")
    await publish(second, lab.relay)
    assert later[0].entry.seq + 4 == record(second, lab.account, "afterwards").entry.seq
    with Store.open(tmp_path / "reader.sqlite", create=True) as reader:
        report = await read_into(reader, second, lab.relay)
        assert StreamStatus.PROVISIONAL is report.streams[0].status
        assert heads(second.store) == heads(reader)


async def test_keys_of_the_lost_time_are_known_again(lab: Lab) -> None:
    """Whoever repeats a call of that time gets its receipt, byte for byte, and is not charged twice."""
    restored = lab.restore()
    later = record(lab.first, lab.account, "after")
    opened = lab.first.open_account("bob")
    await publish(lab.first, lab.relay)
    second = restored()
    await recovery_of(second, lab.relay)
    again = record(second, lab.account, "after")
    assert (later.event_json, True) == (again.event_json, again.is_repeat)
    assert record(second, lab.account, "before-0").is_repeat
    with pytest.raises(IdempotencyError):
        second.recorder.record(Action(account=lab.account, activity="quiz-generation", tokens=5, key="after"))
    with second.store.read() as reader:
        bob = reader.account(opened)
        assert bob is not None
        assert "standard" == bob.plan
    operator_key = second.operator.signer.pubkey
    receipt = second.recorder.open_account(NewAccount(account=opened, operator_key=operator_key))
    assert receipt.is_repeat


async def test_a_relay_that_does_not_answer_keeps_the_store_shut(
    lab: Lab, scripted_relay: ScriptedRelay
) -> None:
    """It may hold what nobody else holds; when it answers, the store opens."""
    restored = lab.restore()
    record(lab.first, lab.account, "after")
    await publish(lab.first, lab.relay)
    second = restored()
    scripted_relay.on_connect(drop)
    recovery = await recovery_of(second, lab.relay, scripted_relay.url)
    assert not recovery.is_done
    assert scripted_relay.url in recovery.obstacles[0]
    with pytest.raises(HomeError, match="must recover"):
        record(second, lab.account, "too early")
    scripted_relay.forget_rules()
    second.clock.advance(600)
    assert (await recovery_of(second, lab.relay, scripted_relay.url)).is_done
    record(second, lab.account, "afterwards")


async def test_a_deletion_request_does_not_keep_the_store_shut(
    lab: Lab, scripted_relay: ScriptedRelay
) -> None:
    """Whoever signed it: what it names was read all the same, and the report says that it was asked for."""
    reopen = lab.restore()
    record(lab.first, lab.account, "after")
    await publish(lab.first, lab.relay)
    operator = reopen()
    scripted_relay.hold(*events_of(lab.first), signed(signer_of(1), kind=5))
    recovery = await recovery_of(operator, lab.relay, scripted_relay.url)
    assert recovery.is_done
    assert [ProblemCode.DELETION_REQUEST] == [problem.code for problem in recovery.report.problems]


async def test_a_plain_copy_is_found_out_by_what_relays_hold(lab: Lab) -> None:
    """Copied by hand, it knows of nothing; asked before publishing, the relays do, and it is shut."""
    restored = lab.restore(is_plain=True)
    later = record(lab.first, lab.account, "after")
    assert await unknown_to(lab.first, lab.relay) is None
    await publish(lab.first, lab.relay)
    assert await unknown_to(lab.first, lab.relay) is None
    second = restored()
    assert later.entry_id == await unknown_to(second, lab.relay)
    with pytest.raises(HomeError, match="must recover"):
        record(second, lab.account, "too early")
    assert (await recovery_of(second, lab.relay)).is_done
    record(second, lab.account, "afterwards")


async def test_a_fork_that_was_signed_already_is_an_obstacle(lab: Lab) -> None:
    """A plain copy that signed before anybody asked stays shut; the advice is to put the backup back."""
    restored = lab.restore(is_plain=True)
    record(lab.first, lab.account, "after")
    await publish(lab.first, lab.relay)
    second = restored()
    record(second, lab.account, "a contradiction")
    assert await unknown_to(second, lab.relay) is not None
    recovery = await recovery_of(second, lab.relay)
    assert any("put the backup back" in obstacle for obstacle in recovery.obstacles)


async def test_without_the_check_readers_would_see_two_histories(lab: Lab, tmp_path: Path) -> None:
    """Control: what the refusal is for."""
    restored = lab.restore(is_plain=True)
    record(lab.first, lab.account, "after")
    await publish(lab.first, lab.relay)
    second = restored()
    record(second, lab.account, "a contradiction")
    await publish(second, lab.relay)
    with Store.open(tmp_path / "reader.sqlite", create=True) as reader:
        report = await read_into(reader, second, lab.relay)
        assert StreamStatus.CONFLICT is report.streams[0].status


def test_a_backup_is_never_written_over_another(lab: Lab, tmp_path: Path) -> None:
    """The file that is there stays as it is; so does a directory that is missing."""
    lab.first.store.copy_to(tmp_path / "backup.sqlite")
    with pytest.raises(HomeError, match="is there already"):
        lab.first.store.copy_to(tmp_path / "backup.sqlite")
    with pytest.raises(HomeError, match="cannot write"):
        lab.first.store.copy_to(tmp_path / "nowhere" / "backup.sqlite")
    assert 0o600 == (tmp_path / "backup.sqlite").stat().st_mode & 0o777
    assert ["backup.sqlite", "first"] == sorted(path.name for path in tmp_path.iterdir())
