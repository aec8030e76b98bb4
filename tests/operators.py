"""An operator in a temporary directory, with keys, entropy and clock that tests choose."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nostr_usage.clock import ManualClock
from nostr_usage.enrolment import enrol
from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.keys import generate_secret_key
from nostr_usage.nostr.signer import Signer
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.record import Recorder
from nostr_usage.store import Store
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.wire.details import DescriptionMode
from nostr_usage.writing.stream_writer import Operator

FEBRUARY_1 = 1_769_904_000
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorOfTests:
    """All that a service has to record with."""

    store: Store
    secrets: AccountSecrets
    clock: ManualClock
    operator: Operator
    catalogue: Catalogue
    recorder: Recorder
    entropy: random.Random

    def open_account(self, label: str = "alice", *, plan: str | None = "standard") -> AccountId:
        """An account with a key made here."""
        enrolment = enrol(self.recorder, self.secrets, entropy=self.entropy.randbytes, label=label, plan=plan)
        return enrolment.account


@contextmanager
def operator_in(
    directory: Path,
    *,
    now: int = FEBRUARY_1,
    relays: tuple[str, ...] = ("ws://127.0.0.1:1/",),
    descriptions: DescriptionMode = DescriptionMode.SEALED,
    seed: int = 1,
    catalogue: Catalogue | None = None,
) -> Generator[OperatorOfTests]:
    """An operator whose store and secrets live in `directory`; of the default catalogue, unless given."""
    entropy = random.Random(seed)
    clock = ManualClock(now)
    catalogue = catalogue or load_catalogue()
    with (
        Store.open(directory / "ledger.sqlite", create=True) as store,
        AccountSecrets.open(directory / "accounts.sqlite", create=True) as secrets,
    ):
        operator = Operator(
            signer=Signer(generate_secret_key(entropy.randbytes), entropy=entropy.randbytes),
            secrets=secrets,
            clock=clock,
            entropy=entropy.randbytes,
            kind=30078,
            description_mode=descriptions,
            outbox_relays=store.write(
                lambda transaction: tuple(transaction.add_relay(relay) for relay in relays)
            ),
        )
        yield OperatorOfTests(
            store=store,
            secrets=secrets,
            clock=clock,
            operator=operator,
            catalogue=catalogue,
            recorder=Recorder(store=store, operator=operator, catalogue=catalogue),
            entropy=entropy,
        )
