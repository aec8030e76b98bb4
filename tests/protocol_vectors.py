"""Makes tests/vectors/ul1.json: every structure of PROTOCOL.md as data, with the secrets that reproduce it.

Run `python -m tests.protocol_vectors` from the checkout to write the file again after the protocol changed.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any, cast

from nostr_usage.clock import ManualClock
from nostr_usage.enrolment import enrol
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.nostr.event import event_to_json, sign_event
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.signer import Signer
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.record import Recorder
from nostr_usage.relays.canary import canary_event
from nostr_usage.store import Store
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.wire.account_key import account_id, derive_account_key, payment_tag, request_tag
from nostr_usage.wire.details import DescriptionMode
from nostr_usage.wire.manifest import Manifest, manifest_event
from nostr_usage.writing.request import Action, Grant, Receipt, Refund
from nostr_usage.writing.stream_writer import Operator
from tests.operators import DAY_S, FEBRUARY_1

VECTORS_PATH = Path(__file__).parent / "vectors" / "ul1.json"
PROTOCOL_PATH = Path(__file__).parent.parent / "PROTOCOL.md"
EXAMPLE = 5
ROOT = SecretKey(bytes(31) + b"\x01")
LEDGER = SecretKey(bytes(31) + b"\x03")
CUSTOMER_NSEC = SecretKey(bytes(31) + b"\x07")


class CountingEntropy:
    """Entropy that anyone can repeat: 0001, 0002 … as often as it is asked."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, size: int) -> bytes:
        """`size` bytes, different at every call."""
        self._calls += 1
        return self._calls.to_bytes(2, "big").rjust(size, b"\x00")


def protocol_vectors() -> dict[str, object]:
    """The content of the file."""
    root, ledger = Signer(ROOT, entropy=bytes), Signer(LEDGER, entropy=bytes)
    manifest = sign_event(
        manifest_event(
            Manifest(
                ledger_pubkey=ledger.pubkey,
                entry_kind=30078,
                relays=("wss://relay-1.example.org/", "wss://relay-2.example.org/"),
                catalogue=("transparency", "1", "00" * 32),
            ),
            root_pubkey=root.pubkey,
            created_at=FEBRUARY_1,
        ),
        root,
    )
    canary = sign_event(canary_event(kind=30078, pubkey=ledger.pubkey, created_at=FEBRUARY_1 + DAY_S), ledger)
    account_key = derive_account_key(CUSTOMER_NSEC, ledger_id=manifest.id)
    with tempfile.TemporaryDirectory() as directory:
        events, secrets = _stream(Path(directory), ledger, account_key)
    return {
        "note": "Usage ledger 1; see PROTOCOL.md. Signatures were made with 32 zero bytes of aux randomness.",
        "root_secret": ROOT.hex(),
        "ledger_secret": LEDGER.hex(),
        "manifest": json.loads(event_to_json(manifest)),
        "canary": json.loads(event_to_json(canary)),
        "account": {
            "nsec_secret": CUSTOMER_NSEC.hex(),
            "ledger_id": manifest.id,
            "account_secret": account_key.hex(),
            "account": account_id(account_key),
        },
        **secrets,
        "stream": events,
    }


def _stream(
    directory: Path, ledger: Signer, account_key: SecretKey
) -> tuple[list[object], dict[str, object]]:
    """One account's February and what March began with."""
    entropy, clock, catalogue = CountingEntropy(), ManualClock(FEBRUARY_1), load_catalogue()
    with (
        Store.open(directory / "ledger.sqlite", create=True) as store,
        AccountSecrets.open(directory / "accounts.sqlite", create=True) as secrets,
    ):
        operator = Operator(
            signer=ledger,
            secrets=secrets,
            clock=clock,
            entropy=entropy,
            kind=30078,
            description_mode=DescriptionMode.SEALED,
            outbox_relays=(),
        )
        recorder = Recorder(store=store, operator=operator, catalogue=catalogue)
        account = enrol(
            recorder, secrets, entropy=entropy, plan="standard", account=account_id(account_key)
        ).account
        chat = _first_month(recorder, clock, account)
        row = secrets.get(account)
        with store.read() as reader:
            events = [json.loads(event.event_json) for event in reader.events()]
        figures: dict[str, object] = {
            "request_secret": row.request_secret.hex(),
            "operator_secret": row.operator_secret.hex(),
            "requests": {
                key: request_tag(row.request_secret, key) for key in ("chat-1", "chat-2", "order-1")
            },
            "payment": {"pi_1": payment_tag(row.request_secret, "pi_1")},
            "sealed": {"description": "How do I set boundaries?", "event_id": chat.entry_id},
            "balance": 5_000 + 5_800 - 247 - 17 + 100 - 4_836 + 5_000,
        }
        return events, figures


def _first_month(recorder: Recorder, clock: ManualClock, account: AccountId) -> Receipt:
    """A purchase, two chats, a refund, and the end of the month; the first chat's receipt."""
    clock.advance(DAY_S)
    recorder.grant(
        Grant(
            account=account,
            tokens=5_800,
            source=Source.PURCHASED,
            key="order-1",
            paid=10_000_000,
            payment="pi_1",
        )
    )
    clock.advance(DAY_S)
    chat = recorder.record(
        Action(
            account=account,
            activity="magic-mentor",
            tokens=247,
            key="chat-1",
            description="How do I set boundaries?",
        )
    )
    clock.advance(DAY_S)
    usage = measured_usage("gpt-4o", {Bucket.FRESH_INPUT: 4_808, Bucket.OUTPUT: 10})
    recorder.record(
        Action(
            account=account,
            activity="magic-mentor",
            usage=(usage,),
            key="chat-2",
            occurred_at=clock.now() - 60,
        )
    )
    recorder.refund(Refund(entry_id=chat.entry_id, tokens=100, key="refund-1"))
    clock.set(FEBRUARY_1 + 31 * DAY_S)
    recorder.tick(account)
    return chat


def write_vectors() -> None:
    """Write the file, and the example that PROTOCOL.md shows of it."""
    vectors = protocol_vectors()
    VECTORS_PATH.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n", "utf-8")
    example = cast("list[dict[str, Any]]", vectors["stream"])[EXAMPLE]
    text = PROTOCOL_PATH.read_text("utf-8")
    shown = re.sub(r"```json\n.*?\n```", f"```json\n{_laid_out(example)}\n```", text, flags=re.DOTALL)
    PROTOCOL_PATH.write_text(shown, "utf-8")


def _laid_out(event: dict[str, Any]) -> str:
    """An event with a line for each tag."""
    tags = ",\n  ".join(json.dumps(tag, ensure_ascii=False) for tag in event["tags"])
    fields = [f'"{name}": {json.dumps(value)}' for name, value in event.items() if name != "tags"]
    fields.insert(4, f'"tags": [\n  {tags}\n ]')
    return "{\n " + ",\n ".join(fields) + "\n}"


if __name__ == "__main__":
    write_vectors()
