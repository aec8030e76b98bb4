"""`show` and `audit`: sound entries pass every check, and each tampering is named."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.nostr.event import event_from_json, verify_event
from nostr_usage.nostr.nip19 import encode_nevent, encode_note
from tests.terminal import Terminal, controls_in, feed, follower_terminal, operator_terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator with the feed's account."""
    operator = operator_terminal(tmp_path)
    feed(operator)
    return operator


def tamper(terminal: Terminal, statement: str, *parameters: object) -> None:
    """Change the store behind its own back: its triggers are dropped first."""
    with closing(sqlite3.connect(Home(terminal.home).store_path, isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        changed = connection.execute(statement, parameters).rowcount
    assert changed > 0, "the tampering changed nothing"


def newest(terminal: Terminal) -> str:
    """The id of the chat of the feed."""
    found: str = terminal.run("history", "alice", "--limit", "1", "--json").json[0]["entry_id"]
    return found


def test_show_proves_an_entry(terminal: Terminal) -> None:
    """Every check, by both signature backends; the arithmetic is spelled out."""
    outcome = terminal.run("show", newest(terminal))
    assert "6,094 − 247 = 5,847" in outcome.out
    assert "How do I set boundaries with family? (opened with the key here)" in outcome.out
    assert "ws://127.0.0.1:1/ pending" in outcome.out
    checks = terminal.run("show", newest(terminal), "--json").json["checks"]
    names = [
        "id",
        "author",
        "signature",
        "signature",
        "form",
        "link",
        "arithmetic",
        "fold",
        "store",
        "description",
    ]
    assert [(name, True) for name in names] == [(check["name"], check["is_ok"]) for check in checks]


@pytest.mark.parametrize("seq", range(1, 8))
def test_every_entry_of_the_feed_is_sound(terminal: Terminal, seq: int) -> None:
    """The first one, too, which has nothing before it."""
    found = terminal.run("show", str(seq), "--account", "alice", "--json").json
    assert (True, seq) == (found["is_sound"], found["seq"])


def test_raw_event_is_byte_for_byte_what_was_signed(terminal: Terminal) -> None:
    """Whoever pipes it on can verify it."""
    entry_id = newest(terminal)
    raw = terminal.run("show", entry_id, "--raw").out
    assert entry_id == verify_event(event_from_json(raw)).id
    with closing(sqlite3.connect(Home(terminal.home).store_path)) as connection:
        stored = connection.execute(
            "SELECT event FROM events WHERE event_id = ?", (bytes.fromhex(entry_id),)
        ).fetchone()[0]
    assert stored + b"\n" == raw.encode()


def test_entry_is_named_in_any_form(terminal: Terminal) -> None:
    """Id, its beginning in either case, note, nevent, or its place in the stream."""
    entry_id = newest(terminal)
    names = [entry_id, entry_id[:8], entry_id[:31].upper(), encode_note(entry_id), encode_nevent(entry_id)]
    for name in names:
        assert entry_id == terminal.run("show", name, "--json").json["entry_id"]
    assert entry_id == terminal.run("show", "7", "--account", "alice", "--json").json["entry_id"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("7",),
        ("8", "--account", "alice"),
        ("0", "--account", "alice"),
        ("zz" * 32,),
        ("00" * 32,),
        ("npub1x",),
    ],
)
def test_unknown_entry_is_bad_input(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """A seq without its account, beyond the stream, or no id at all."""
    assert "" == terminal.run("show", *arguments, code=ExitCode.BAD_INPUT).out


def test_ambiguous_beginning_is_bad_input(terminal: Terminal) -> None:
    """More digits are asked for; nothing is picked by chance."""
    entry_id = newest(terminal)
    tamper(
        terminal,
        "UPDATE events SET event_id = ?1 WHERE event_no = (SELECT min(entry_no) FROM entries)",
        bytes.fromhex(entry_id[:20] + "00" * 22),
    )
    assert "more digits" in terminal.run("show", entry_id[:20], code=ExitCode.BAD_INPUT).err


def test_hostile_text_of_an_entry_is_made_harmless(terminal: Terminal) -> None:
    """On a terminal even the raw event obeys nobody; in a pipe it is what was signed."""
    text = "a\x1b]52;c;x\x07\u202e\x9b1m\nb"
    entry_id = terminal.run(
        *("record", "alice", "magic-mentor", "--tokens", "1", "--key", "h", "--json"),
        *("--description", text, "--meta", f"na\x1bme={text}"),
    ).json["entry_id"]
    for arguments in (("show", entry_id), ("show", entry_id, "--raw"), ("events", "--jsonl"), ("events",)):
        outcome = terminal.run(*arguments, is_terminal=True)
        assert set() == controls_in(outcome.out + outcome.err)
    found = terminal.run("show", entry_id, "--json").json
    assert (text, {"na\x1bme": text}) == (found["description"], found["metadata"])
    assert controls_in(text), "control: printed raw it would obey"


def test_event_on_a_terminal_is_the_same_event(terminal: Terminal) -> None:
    """Escaped, it still has its id and its signature."""
    entry_id = newest(terminal)
    assert (
        entry_id
        == verify_event(event_from_json(terminal.run("show", entry_id, "--raw", is_terminal=True).out)).id
    )


def test_description_in_other_modes(tmp_path: Path) -> None:
    """Detached texts are known to the operator only; plain ones to everybody."""
    for mode, text, source in (
        ("detached", None, "kept by the operator"),
        ("plain", "How do I set boundaries with family?", "public"),
    ):
        operator = operator_terminal(tmp_path / mode, "--descriptions", mode)
        feed(operator)
        follower = follower_terminal(tmp_path / mode, operator)
        follower.run("import-events", "-", stdin=operator.run("events", "--jsonl").out.encode())
        entry_id = newest(operator)
        found = follower.run("show", entry_id, "--json").json
        assert (text, True) == (found["description"], source in found["description_from"])
        mine = operator.run("show", entry_id, "--json").json
        assert ("How do I set boundaries with family?", True) == (mine["description"], mine["is_sound"])


def test_audit_of_a_sound_ledger(terminal: Terminal) -> None:
    """Everything was looked at, by two backends, and nothing was found."""
    terminal.run("account", "new", "bob")
    assert "All of it is right" in terminal.run("audit").out
    found = terminal.run("audit", "--json").json
    assert (True, 10, 2, 1) == (found["is_sound"], found["entries"], found["streams"], found["manifests"])
    assert {"coincurve": 10, "secp256k1": 10} == found["signatures"]


def test_quick_audit_asks_for_some_second_opinions(terminal: Terminal) -> None:
    """Every signature is checked once all the same."""
    found = terminal.run("audit", "--quick", "--json").json
    assert {"coincurve": 7, "secp256k1": 1} == found["signatures"]


def test_audit_of_nothing_finds_nothing(tmp_path: Path) -> None:
    """A new home holds its manifest only."""
    found = operator_terminal(tmp_path).run("audit", "--json").json
    assert (True, 0, 1) == (found["is_sound"], found["entries"], found["manifests"])


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE streams SET state = replace(state, '5286', '9286')", "stored_otherwise"),
        ("UPDATE entries SET balance = balance + 1 WHERE seq = 7", "stored_otherwise"),
        ("UPDATE entries SET tokens = 1 WHERE seq = 7", "stored_otherwise"),
        ("UPDATE entries SET cost = 0 WHERE seq = 5", "stored_otherwise"),
        ("UPDATE entries SET month = '2026-01' WHERE seq = 5", "stored_otherwise"),
        ("UPDATE entries SET draws = NULL WHERE seq = 6", "stored_otherwise"),
        ("UPDATE month_totals SET tokens = tokens - 1 WHERE type = 'magic-mentor'", "stored_otherwise"),
        ("DELETE FROM month_totals WHERE type = 'purchase'", "stored_otherwise"),
        ("UPDATE details SET description = 'another text'", "stored_otherwise"),
        ("UPDATE accounts SET open_number = 7", "stored_otherwise"),
        ("UPDATE events SET event = CAST(replace(event, '247', '248') AS BLOB)", "malformed"),
        ("UPDATE events SET event = CAST('{}' AS BLOB) WHERE event_no = 1", "malformed"),
    ],
)
def test_audit_names_every_tampering(terminal: Terminal, statement: str, code: str) -> None:
    """Whatever the store was made to say, the signed events say otherwise."""
    assert terminal.run("audit", "--json").json["is_sound"], "control"
    tamper(terminal, statement)
    found = terminal.run("audit", "--json", code=ExitCode.PROBLEMS).json
    assert code in {finding["code"] for finding in found["findings"]}
    assert found["finding_count"] == len(found["findings"])


@pytest.mark.parametrize("change", ["sig", "id", "pubkey"])
def test_altered_event_is_found_by_show_and_audit(terminal: Terminal, change: str) -> None:
    """One digit of the signature, the id or the author is enough."""
    entry_id = newest(terminal)
    event = json.loads(terminal.run("show", entry_id, "--raw").out)
    event[change] = event[change][:-1] + ("0" if event[change][-1] != "0" else "1")
    altered = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    tamper(terminal, "UPDATE events SET event = ? WHERE event_id = ?", altered, bytes.fromhex(entry_id))
    shown = terminal.run("show", entry_id, code=ExitCode.PROBLEMS)
    assert "✗" in shown.out
    outcome = terminal.run("audit", code=ExitCode.PROBLEMS)
    assert "findings." in outcome.lines[-1]
    assert entry_id[:8] in outcome.out


def test_show_fails_where_the_entry_before_is_another(terminal: Terminal) -> None:
    """The link and the arithmetic are checked against what is held."""
    tamper(terminal, "UPDATE entries SET balance = 1, entry_id = zeroblob(32) WHERE seq = 6")
    checks = terminal.run("show", "7", "--account", "alice", "--json", code=ExitCode.PROBLEMS).json["checks"]
    assert {"link", "arithmetic"} == {check["name"] for check in checks if not check["is_ok"]}


def test_wrong_settings_are_found(terminal: Terminal) -> None:
    """Entries of another ledger key are foreign, and the manifest contradicts the settings."""
    path = terminal.home / "settings.toml"
    settings = Home(terminal.home).settings()
    path.write_text(path.read_text().replace(settings.ledger_pubkey, settings.root_pubkey))
    found = terminal.run("audit", "--json", code=ExitCode.PROBLEMS).json
    assert {"foreign"} == {finding["code"] for finding in found["findings"]}
    assert 7 + 1 == found["finding_count"]


def test_secrets_that_are_gone_leave_texts_sealed(terminal: Terminal) -> None:
    """Nothing else depends on them; this home still keeps the text itself."""
    Home(terminal.home).secrets_path.unlink()
    outcome = terminal.run("show", newest(terminal))
    assert "descriptions stay sealed" in outcome.err
    assert "(kept in this home)" in outcome.out
