"""`account new|list|show`: opening accounts and looking at them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.nostr.keys import parse_public_key
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.store.account_secrets import AccountSecrets
from tests.terminal import Terminal, controls_in, feed, follower_terminal, operator_terminal

OWN = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
HOSTILE = "al\x1b[31mice\u202e\x9b"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator on 1 February 2026."""
    return operator_terminal(tmp_path)


def test_new_account_has_a_key_made_here(terminal: Terminal) -> None:
    """Its secrets are on disk, and the advice says how to hand the key over."""
    outcome = terminal.run("account", "new", "alice")
    (row,) = terminal.run("account", "list", "--json").json
    assert row["npub"] in outcome.out
    assert "account export alice" in outcome.err
    with AccountSecrets.open(Home(terminal.home).secrets_path) as secrets:
        assert secrets.get(row["account"]).account_secret is not None


def test_first_plan_is_the_default(terminal: Terminal) -> None:
    """With it comes its allowance; another plan, or none, can be chosen."""
    for label, options in (("a", ()), ("b", ("--plan", "own-key")), ("c", ("--no-plan",))):
        terminal.run("account", "new", label, *options)
    rows = terminal.run("account", "list", "--json").json
    expected = [("a", "standard", 5_000), ("b", "own-key", 0), ("c", None, 0)]
    assert expected == [(row["label"], row["plan"], row["tokens"]) for row in rows]
    assert [1, 2, 3] == [row["open_number"] for row in rows]


@pytest.mark.parametrize("key", [OWN, encode_npub(OWN)])
def test_customers_may_bring_the_key_they_derived(terminal: Terminal, key: str) -> None:
    """The service never has the secret half, so there is nothing to hand over."""
    found = terminal.run("account", "new", "carol", "--pubkey", key, "--json").json
    assert (OWN, False) == (found["account"], found["is_key_held"])
    assert "with its owner" in terminal.run("account", "show", "carol").out
    terminal.run("account", "export", "carol", "--yes", code=ExitCode.BAD_INPUT)


def test_opening_again_is_the_same_receipt(terminal: Terminal) -> None:
    """The same key with the same label is no second account."""
    first = terminal.run("account", "new", "carol", "--pubkey", OWN, "--json").json
    again = terminal.run("account", "new", "carol", "--pubkey", OWN, "--json").json
    assert (first["entry_id"], True) == (again["entry_id"], again["is_repeat"])
    assert "open already" in terminal.run("account", "new", "carol", "--pubkey", OWN).out
    terminal.run("account", "new", "dave", "--pubkey", OWN, code=ExitCode.BAD_INPUT)


@pytest.mark.parametrize(
    "arguments",
    [
        ("alice",),
        ("bob", "--plan", "gold"),
        ("bob", "--plan", "standard", "--no-plan"),
        ("bob", "--pubkey", "nsec1qqqqqqqqqqqq"),
        ("bob", "--pubkey", "00" * 32),
        ("x" * 101,),
        (OWN,),
        ("npub1bob",),
    ],
)
def test_bad_input_opens_nothing(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """Taken labels, unknown plans, secret keys, labels that look like keys."""
    terminal.run("account", "new", "alice")
    terminal.run("account", "new", *arguments, code=ExitCode.BAD_INPUT)
    assert ["alice"] == [row["label"] for row in terminal.run("account", "list", "--json").json]
    with closing(sqlite3.connect(Home(terminal.home).secrets_path)) as secrets:
        assert (1,) == secrets.execute("SELECT count(*) FROM account_secrets").fetchone()


def test_account_without_a_label_is_named_by_its_key(terminal: Terminal) -> None:
    """Labels are a convenience."""
    found = terminal.run("account", "new", "--json").json
    assert 5_000 == terminal.run("balance", found["npub"], "--json").json["tokens"]


def test_hostile_label_does_not_reach_the_terminal(terminal: Terminal) -> None:
    """Wherever a label is shown; JSON keeps it exactly, escaped."""
    terminal.run("account", "new", HOSTILE)
    terminal.run("account", "new", "bob")
    for arguments in (
        ("account", "list"),
        ("account", "show", HOSTILE),
        ("balance",),
        ("balance", HOSTILE),
        ("show", "1", "--account", HOSTILE),
        ("month", HOSTILE),
    ):
        outcome = terminal.run(*arguments)
        assert set() == controls_in(outcome.out + outcome.err), arguments
    assert HOSTILE == terminal.run("account", "list", "--json").json[0]["label"]
    assert controls_in(HOSTILE), "control: printed raw it would obey"


def test_show_has_no_secret(terminal: Terminal) -> None:
    """Public keys, plan and balances only."""
    feed(terminal)
    shown = terminal.run("account", "show", "alice")
    home = Home(terminal.home)
    row = terminal.run("account", "show", "alice", "--json").json
    with AccountSecrets.open(home.secrets_path) as secrets:
        held = secrets.get(row["account"])
    for secret in (held.request_secret, held.operator_secret, held.account_secret or b""):
        assert secret.hex() not in shown.out + str(row)
    assert "5,847 ($8.77), 7 entries, proved" in shown.out
    assert "held here until" in shown.out
    assert row["account"] == parse_public_key(row["npub"])


def test_follower_sees_accounts_but_opens_none(terminal: Terminal, tmp_path: Path) -> None:
    """A home without the ledger key cannot write a ledger."""
    feed(terminal)
    follower = follower_terminal(tmp_path, terminal)
    follower.run("import-events", "-", stdin=terminal.run("events", "--jsonl").out.encode())
    (row,) = follower.run("account", "list", "--json").json
    assert (5_847, None) == (row["tokens"], row["label"])
    assert "not here" in follower.run("account", "show", row["npub"]).out
    follower.run("account", "new", "alice", code=ExitCode.BAD_HOME)
    follower.run("account", "export", row["npub"], "--yes", code=ExitCode.BAD_HOME)
    follower.run("record", row["npub"], "magic-mentor", "--tokens", "1", "--key", "k", code=ExitCode.BAD_HOME)


def test_list_of_none_is_empty(terminal: Terminal) -> None:
    """No accounts are no error: a header, or an empty list."""
    assert [] == terminal.run("account", "list", "--json").json
    assert 1 == len(terminal.run("account", "list").lines)
