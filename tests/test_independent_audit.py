"""The audit that shares no code with the library: it finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import secp256k1
from websockets.sync.server import ServerConnection, serve

SCRIPT = Path(__file__).parent.parent / "scripts" / "independent_audit.py"
LEDGER_SECRET = bytes.fromhex("01" * 32)
ACCOUNTS = ("a" * 64, "b" * 64)
START = 1_770_000_000
SIGN = {"grant": 1, "refund": 1, "debit": -1, "reverse": -1, "expire": -1}
Event = dict[str, Any]
Served = list[Event]


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _public(secret: bytes) -> str:
    key: Any = secp256k1.PrivateKey(secret, raw=True).pubkey
    return key.serialize()[1:].hex()


LEDGER = _public(LEDGER_SECRET)


def signed(tags: list[list[str]], *, created_at: int, kind: int = 30078, content: str = "") -> Event:
    """An event of the ledger key."""
    event_id = _hash([0, LEDGER, created_at, kind, tags, content])
    key: Any = secp256k1.PrivateKey(LEDGER_SECRET, raw=True)
    sig = key.schnorr_sign(bytes.fromhex(event_id), None, raw=True).hex()
    return {
        "id": event_id, "pubkey": LEDGER, "created_at": created_at, "kind": kind, "tags": tags,
        "content": content, "sig": sig,
    }  # fmt: skip


def entry(account: str, seq: int, op: str, tokens: int, balance: int, prev: str, **changes: Any) -> Event:
    """One sealed and signed entry; `changes` replace what would be right."""
    created_at = changes.get("created_at", START + seq)
    prefix = f"ai-{'usage' if op == 'debit' else 'credit'}-2026-02:"
    tags = [
        ["p", account],
        ["s", f"{account[:32]}:tokens:{seq}"],
        ["m", "2026-02"],
        *([["o", changes["number"]]] if "number" in changes else []),
        ["v", "ul1"],
        ["seq", str(seq)],
        ["prev", prev],
        ["op", op],
        ["type", "quiz"],
        ["tokens", str(tokens)],
        ["cost", "0.000000", "USD"],
        ["balance", str(balance), "0", str(balance)],
        ["x", changes.get("request", f"{seq:032x}")],
    ]
    seal = changes.get("seal") or _hash(["ul1", 30078, LEDGER, created_at, prefix, tags, ""])
    return signed([["d", prefix + seal], *tags], created_at=created_at)


def stream(account: str, number: str, operations: list[tuple[str, int]]) -> Served:
    """An account's whole chain."""
    events = [entry(account, 1, "open", 0, 0, "0" * 64, number=number)]
    balance = 0
    for seq, (op, tokens) in enumerate(operations, start=2):
        balance += SIGN.get(op, 0) * tokens
        events.append(entry(account, seq, op, tokens, balance, events[-1]["id"]))
    return events


OPERATIONS = [
    ("grant", 5000),
    ("debit", 247),
    ("refund", 47),
    ("debit", 9000),
    ("grant", 14500),
    ("close", 0),
]


def ledger() -> Served:
    """Two accounts, one of them in debt for a while."""
    return stream(ACCOUNTS[0], "1", OPERATIONS) + stream(ACCOUNTS[1], "2", [("grant", 10), ("debit", 10)])


def _matches(wanted: dict[str, Any], event: Event) -> bool:
    def has(name: str, values: list[str]) -> bool:
        return any(tag[:1] == [name] and tag[1] in values for tag in event["tags"])

    return (
        event["kind"] in wanted["kinds"]
        and event["pubkey"] in wanted["authors"]
        and event["created_at"] <= wanted["until"]
        and all(has(name[1:], values) for name, values in wanted.items() if name.startswith("#"))
    )


@contextmanager
def relay(events: Served, *, page_max: int = 500) -> Generator[str]:
    """A relay on loopback that serves these events, newest first and at most `page_max` a time."""

    def answer(socket: ServerConnection) -> None:
        for text in socket:
            verb, name, wanted = json.loads(text)
            assert verb == "REQ"
            newest_first = sorted(events, key=lambda event: -event["created_at"])
            found = [event for event in newest_first if _matches(wanted, event)]
            for event in found[: min(page_max, wanted["limit"])]:
                socket.send(json.dumps(["EVENT", name, event]))
            socket.send(json.dumps(["EOSE", name]))

    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def audit(*relays: str, key: str = LEDGER) -> tuple[int, dict[str, Any]]:
    """Exit code and findings of the script, run as a stranger would."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), key, *relays, "--json"], capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_sound_ledger_is_sound() -> None:
    """Totals of every stream, no problem, exit code 0."""
    with relay(ledger()) as url:
        code, found = audit(url)

    assert (0, "ok", [], []) == (code, found["verdict"], found["problems"], found["remarks"])
    first, second = found["streams"]
    assert (7, 19547, 9247, 10300) == tuple(first[name] for name in ("entries", "added", "used", "balance"))
    assert (3, 10, 10, 0) == tuple(second[name] for name in ("entries", "added", "used", "balance"))


def test_pages_that_end_within_a_second_lose_nothing() -> None:
    """A relay that cuts after three, with many entries in each second, still yields the whole chain."""
    events = [entry(ACCOUNTS[0], 1, "open", 0, 0, "0" * 64, number="1", created_at=START)]
    for seq in range(2, 30):
        events.append(
            entry(ACCOUNTS[0], seq, "grant", 1, seq - 1, events[-1]["id"], created_at=START + seq // 8)
        )
    with relay(events, page_max=3) as url:
        code, found = audit(url)

    assert (0, 29, 28) == (code, found["streams"][0]["entries"], found["streams"][0]["balance"])


def test_what_one_relay_lacks_another_gives() -> None:
    """Two relays, each with every other entry: together they are whole."""
    events = ledger()
    with relay(events[::2]) as even, relay(events[1::2]) as odd:
        code, found = audit(even, odd)
        alone, _ = audit(even)

    assert (0, []) == (code, found["problems"])
    assert 1 == alone


def _tampered(change: dict[str, Any]) -> Callable[[Served], Served]:
    return lambda events: [*events[:3], events[3] | change, *events[4:]]


def _resealed(**changes: Any) -> Callable[[Served], Served]:
    def change(events: Served) -> Served:
        arguments: dict[str, Any] = {"op": "refund", "tokens": 47, "balance": 4800, "prev": events[2]["id"]}
        return [*events[:3], entry(ACCOUNTS[0], 4, **(arguments | changes)), *events[4:]]

    return change


def _forged_signature(events: Served) -> Served:
    sig = events[3]["sig"]
    return _tampered({"sig": sig[:-1] + ("0" if sig[-1] != "0" else "1")})(events)


FAULTS: list[tuple[str, Callable[[Served], Served], str]] = [
    ("an entry withheld", lambda events: events[:3] + events[4:], "4 is missing"),
    ("an account withheld", lambda events: events[7:], "account number 1 is missing"),
    ("a forged signature", _forged_signature, "4 is missing"),
    ("a short signature", _tampered({"sig": "00"}), "4 is missing"),
    ("a long signature", lambda events: _tampered({"sig": events[3]["sig"] + "00"})(events), "4 is missing"),
    ("an altered field", _tampered({"content": "x"}), "4 is missing"),
    ("fields of wrong types", _tampered({"tags": [[1], []], "content": 7}), "4 is missing"),
    ("a wrong seal", _resealed(seal="0" * 64), "wrong seal"),
    ("wrong arithmetic", _resealed(balance=4801), "4 adds up wrongly"),
    ("a broken link", _resealed(prev="1" * 64), "4 does not name the one before"),
    ("a request charged twice", _resealed(request=f"{3:032x}"), "4 charges a request again"),
    ("a negative amount", _resealed(tokens=-47), "wrong number"),
    ("a fork", lambda events: events + _resealed(tokens=48)(events)[3:4], "4 stands beside another"),
    ("a deletion", lambda events: [*events, signed([["e", "0" * 64]], created_at=START, kind=5)], "delete"),
    ("nothing at all", lambda events: events[:0], "no relay could be read"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "problem"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_each_fault_is_found(fault: Callable[[Served], Served], problem: str) -> None:
    """Exit code 1, the problem named, and no balance where it is not certain."""
    with relay(fault(ledger())) as url:
        code, found = audit(url)

    assert 1 == code
    assert any(problem in text for text in found["problems"]), found["problems"]


def test_no_balance_is_claimed_over_a_gap() -> None:
    """A stream with a gap shows what was read, and no balance."""
    events = ledger()
    with relay(events[:3] + events[4:]) as url:
        _, found = audit(url)

    assert [None, 0] == [row["balance"] for row in found["streams"]]


def test_an_unreachable_relay_is_remarked() -> None:
    """One relay that is away is said, and does not hide what the other has."""
    with relay(ledger()) as url:
        code, found = audit("ws://127.0.0.1:1", url)

    assert 0 == code
    assert 1 == len(found["remarks"])
    assert 1 == audit("ws://127.0.0.1:1")[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("npub1qqqqq", "neither"),
        ("nsec1" + "q" * 58, "neither"),
        ("npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjpth", "neither"),
        ("5" * 64, "curve"),
    ],
)
def test_what_is_no_public_key_is_refused(text: str, message: str) -> None:
    """A usage error that says what the text is not."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), text, "ws://x"], capture_output=True, text=True, check=False
    )

    assert 2 == done.returncode
    assert message in done.stderr


def test_npub_and_hex_name_the_same_ledger() -> None:
    """An npub finds what the hex key finds; the control is another ledger's npub, the example of NIP-19."""
    npub = "npub1rwzv24nmzfjypx2a8m264ws9vht3uxp5vpypnluuzl67n4waq78suk0wul"
    other = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"
    with relay(ledger()) as url:
        assert audit(url) == audit(url, key=npub)
        assert 1 == audit(url, key=other)[0]
