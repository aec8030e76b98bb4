"""The audit that shares no code with the library: it finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

import ast
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
VECTORS = Path(__file__).parent / "vectors" / "ul1.json"
LINES_MAX = 149
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


def signed(tags: list[list[str]], *, created_at: int) -> Event:
    """An event of the ledger key."""
    event_id = _hash([0, LEDGER, created_at, 30078, tags, ""])
    key: Any = secp256k1.PrivateKey(LEDGER_SECRET, raw=True)
    sig = key.schnorr_sign(bytes.fromhex(event_id), None, raw=True).hex()
    return {
        "id": event_id, "pubkey": LEDGER, "created_at": created_at, "kind": 30078, "tags": tags,
        "content": "", "sig": sig,
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
        ["x", f"{seq:032x}"],
        *changes.get("more", []),
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


REFUSALS = {
    "CLOSED": json.dumps(["CLOSED", "audit", "auth-required: only for members"]),
    "rubbish": "[" * 100_000,
    "no list": "7",
}


@contextmanager
def relay(
    events: Served, *, page_max: int = 500, is_careless: bool = False, refusal: str = ""
) -> Generator[str]:
    """A relay on loopback that serves these events, newest first and at most `page_max` a time.

    One that is careless serves all of them whatever is asked; `refusal` is how it fails.
    """

    def answer(socket: ServerConnection) -> None:
        for text in socket:
            verb, name, wanted = json.loads(text)
            assert verb == "REQ"
            if refusal == "hang-up":
                return
            if refusal:
                socket.send(REFUSALS[refusal])
                continue
            newest_first = sorted(events, key=lambda event: -event["created_at"])
            found = [event for event in newest_first if is_careless or _matches(wanted, event)]
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


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The script, run as a stranger would."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )


def audit(*relays: str, key: str = LEDGER) -> tuple[int, dict[str, Any]]:
    """Exit code and findings, of relays that can all be read."""
    done = run_script(key, *relays, "--json")
    assert not done.stderr
    return done.returncode, json.loads(done.stdout)


def project_imports(source: str) -> set[str]:
    """What the source imports of this project."""
    modules = {
        module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    return {
        module for module in modules if module.split(".")[0] in {"nostr_usage", "relay_config", "tui", ""}
    }


def test_it_is_short_and_its_own() -> None:
    """Under 150 lines, so that a stranger can read it, and nothing imported from this project."""
    source = SCRIPT.read_text("utf-8")

    assert LINES_MAX >= len(source.splitlines())
    assert set() == project_imports(source)


@pytest.mark.parametrize(
    "line",
    ["import nostr_usage.nostr", "from nostr_usage import Home", "from tui import app", "from . import a"],
)
def test_an_import_of_the_project_would_be_seen(line: str) -> None:
    """Control: each way of borrowing from the project is found, even within a function."""
    assert 1 == len(project_imports(f"def f():\n    {line}"))


def test_a_sound_ledger_is_sound() -> None:
    """Totals of every stream, no problem, exit code 0."""
    with relay(ledger()) as url:
        code, found = audit(url)

    assert (0, []) == (code, found["problems"])
    first, second = found["streams"]
    assert (7, 19547, 9247, 10300) == tuple(first[name] for name in ("entries", "added", "used", "balance"))
    assert (3, 10, 10, 0) == tuple(second[name] for name in ("entries", "added", "used", "balance"))


def test_the_vectors_of_the_protocol_are_sound() -> None:
    """What the library itself writes is an entry here too, and adds up to the same balance."""
    vectors = json.loads(VECTORS.read_text("utf-8"))
    with relay(vectors["stream"]) as url:
        code, found = audit(url, key=vectors["stream"][0]["pubkey"])

    assert (0, []) == (code, found["problems"])
    assert [(len(vectors["stream"]), vectors["balance"])] == [
        (row["entries"], row["balance"]) for row in found["streams"]
    ]


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


def _opening(*, balance: int = 0, prev: str = "0" * 64) -> Event:
    return entry(ACCOUNTS[0], 1, "open", 0, balance, prev, number="1")


def _forged_signature(events: Served) -> Served:
    sig = events[3]["sig"]
    return _tampered({"sig": sig[:-1] + ("0" if sig[-1] != "0" else "1")})(events)


FAULTS: list[tuple[str, Callable[[Served], Served], str]] = [
    ("an entry withheld", lambda events: events[:3] + events[4:], "4 is missing"),
    ("an account withheld", lambda events: events[7:], "account 1 is missing"),
    ("a forged signature", _forged_signature, "4 is missing"),
    ("a short signature", _tampered({"sig": "00"}), "4 is missing"),
    ("a long signature", lambda events: _tampered({"sig": events[3]["sig"] + "00"})(events), "4 is missing"),
    ("an altered field", _tampered({"content": "x"}), "4 is missing"),
    ("another id", _tampered({"id": "0" * 64}), "4 is missing"),
    ("fields of wrong types", _tampered({"tags": [[1], []], "content": 7}), "4 is missing"),
    ("a wrong seal", _resealed(seal="0" * 64), "4 is missing"),
    ("a negative amount", _resealed(tokens=-47), "4 is missing"),
    ("an amount stated twice", _resealed(more=[["tokens", "47"]]), "4 is missing"),
    ("wrong arithmetic", _resealed(balance=4801), "4 adds up wrongly"),
    ("a broken link", _resealed(prev="1" * 64), "4 does not name the one before"),
    ("a fork", lambda events: events + _resealed(tokens=48)(events)[3:4], "4 is a fork"),
    ("tokens from nowhere", lambda _events: [_opening(balance=500)], "1 adds up wrongly"),
    ("a beginning cut off", lambda _events: [_opening(prev="1" * 64)], "1 does not name the one before"),
    ("two accounts in one place", lambda events: events + stream("c" * 64, "2", []), "account 2 is a fork"),
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


def test_malformed_tags_prove_nothing() -> None:
    """What the ledger key signed with tags of any shape is passed over, and the rest is still read."""
    shapes: list[Any] = [[], [[]], [["d"]], [["d", "x"], ["s", 1], ["op", []]], {"d": "x"}, None, "d"]
    odd = [signed(shape, created_at=START) for shape in shapes]
    with relay(ledger()) as url, relay(ledger() + odd, is_careless=True) as careless:
        assert audit(url) == audit(careless)


def test_an_unreachable_relay_is_said() -> None:
    """A relay that is away is named, and does not hide what another has."""
    with relay(ledger()) as url:
        done = run_script(LEDGER, "ws://127.0.0.1:1", url)

    assert 0 == done.returncode
    assert "all is well" == done.stdout.splitlines()[-1]
    assert ["ws://127.0.0.1:1 could not be read"] == [done.stderr.split(": ")[0]]


@pytest.mark.parametrize("answer", ["CLOSED", "rubbish", "no list", "hang-up"])
def test_a_relay_that_does_not_answer_is_never_an_empty_one(answer: str) -> None:
    """Refusals, rubbish and broken connections count as unread: exit code 2, and no figure."""
    with relay(ledger(), refusal=answer) as url:
        done = run_script(LEDGER, url)

    assert (2, "") == (done.returncode, done.stdout)
    assert f"{url} could not be read" in done.stderr


def test_text_shows_a_line_for_each_stream() -> None:
    """People get figures in columns and a verdict; they fit 100 columns."""
    with relay(ledger()) as url:
        lines = run_script(LEDGER, url).stdout.splitlines()

    assert [True, True, False] == [line.startswith("account ") for line in lines]
    assert lines[0].endswith("balance  10300")
    assert 100 >= max(map(len, lines))


@pytest.mark.parametrize(
    "text", ["npub1qqqqq", "nsec1" + "q" * 58, "npub1" + "b" * 58, "5" * 63, "A" * 64, "5" * 63 + "\n"]
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    """A usage error that says what is wanted, and does not repeat what may be a secret."""
    done = run_script(text, "ws://x")

    assert 2 == done.returncode
    assert "neither an npub nor 64 lowercase hex digits" in done.stderr
    assert text not in done.stderr


def test_npub_and_hex_name_the_same_ledger() -> None:
    """An npub finds what the hex key finds; the control is another ledger's npub, the example of NIP-19."""
    npub = "npub1rwzv24nmzfjypx2a8m264ws9vht3uxp5vpypnluuzl67n4waq78suk0wul"
    other = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"
    with relay(ledger()) as url:
        assert audit(url) == audit(url, key=npub)
        assert 2 == run_script(other, url).returncode
