"""`account export|derive|import`: keys go from hand to hand, and nowhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.nostr.keys import SecretKey, parse_secret_key, public_key_of
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.nostr.nip49 import encrypt_secret_key
from nostr_usage.wire.account_key import account_id, derive_account_key
from tests.terminal import Terminal, feed, follower_terminal, on_a_terminal, operator_terminal

NSEC = SecretKey(bytes(range(1, 33)))
LEDGER_ID = "ab" * 32


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator with the feed's account."""
    operator = operator_terminal(tmp_path)
    feed(operator)
    return operator


@pytest.fixture
def follower(tmp_path: Path, terminal: Terminal) -> Terminal:
    """A follower's home with all entries."""
    reader = follower_terminal(tmp_path, terminal)
    reader.run("import-events", "-", stdin=terminal.run("events", "--jsonl").out.encode())
    return reader


def test_export_prints_the_key_once_and_forgets_it(terminal: Terminal) -> None:
    """It is the account's own key; afterwards this home cannot print it again."""
    account = terminal.run("account", "show", "alice", "--json").json["account"]
    outcome = terminal.run("account", "export", "alice", "--yes")
    key = parse_secret_key(outcome.out)
    assert (account, "") == (public_key_of(key), outcome.err)
    again = terminal.run("account", "export", "alice", "--yes", code=ExitCode.BAD_INPUT)
    assert key.nsec() not in again.out + again.err
    for path in terminal.home.rglob("*"):
        assert path.is_dir() or key.to_bytes() not in path.read_bytes(), path


def test_export_can_keep_the_key(terminal: Terminal) -> None:
    """Then nothing is forgotten, so nothing needs to be confirmed."""
    first = terminal.run("account", "export", "alice", "--keep").out
    assert first == terminal.run("account", "export", "alice", "--keep").out


def test_export_without_a_terminal_needs_consent(terminal: Terminal) -> None:
    """A script that did not say --yes prints no key, and none is lost."""
    outcome = terminal.run("account", "export", "alice", code=ExitCode.BAD_INPUT)
    assert ("", True) == (outcome.out, "--yes" in outcome.err)
    terminal.run("account", "export", "alice", "--yes")


def test_export_to_a_file_is_private(terminal: Terminal, tmp_path: Path) -> None:
    """The file is new and for its owner only; an existing one is left alone, and the key kept."""
    taken, fresh = tmp_path / "taken", tmp_path / "fresh"
    taken.write_text("mine")
    terminal.run("account", "export", "alice", "--yes", "--output", str(taken), code=ExitCode.BAD_INPUT)
    outcome = terminal.run("account", "export", "alice", "--yes", "--output", str(fresh))
    assert ("", "mine") == (outcome.out, taken.read_text())
    assert 0o600 == stat.S_IMODE(fresh.stat().st_mode)
    assert fresh.read_text().startswith("nsec1")


def test_export_on_a_terminal_asks(terminal: Terminal) -> None:
    """No means no; yes prints the key."""
    arguments = ("--home", str(terminal.home), "account", "export", "alice")
    code, screen = on_a_terminal(*arguments, dialogue=[("[y/N]", "n")])
    assert (130, False) == (code, "nsec1" in screen)
    code, screen = on_a_terminal(*arguments, dialogue=[("[y/N]", "y")])
    assert (0, True) == (code, "nsec1" in screen)


def test_derive_on_a_terminal_does_not_show_what_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nsec is asked for and appears nowhere on the screen."""
    monkeypatch.delenv("NOSTR_USAGE_NSEC", raising=False)
    code, screen = on_a_terminal(
        "account", "derive", "--ledger-id", LEDGER_ID, dialogue=[("nsec:", NSEC.nsec())]
    )
    assert 0 == code, screen
    assert encode_npub(account_id(derive_account_key(NSEC, ledger_id=LEDGER_ID))) in screen
    assert NSEC.nsec() not in screen


@pytest.mark.parametrize("text", [NSEC.nsec(), NSEC.hex()])
def test_derive_reads_the_environment(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The account npub is printed; neither the nsec nor the account key is."""
    monkeypatch.setenv("NOSTR_USAGE_NSEC", text)
    found = terminal.run("account", "derive", "--ledger-id", LEDGER_ID, "--json")
    key = derive_account_key(NSEC, ledger_id=LEDGER_ID)
    assert account_id(key) == found.json["account"]
    for secret in (NSEC, key):
        assert secret.nsec() not in found.out + found.err
        assert secret.hex() not in found.out + found.err


def test_ledger_id_of_the_home_is_the_default(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every ledger an nsec has another account."""
    monkeypatch.setenv("NOSTR_USAGE_NSEC", NSEC.nsec())
    expected = account_id(derive_account_key(NSEC, ledger_id=Home(terminal.home).settings().ledger_id))
    assert expected == terminal.run("account", "derive", "--json").json["account"]
    other = terminal.run("account", "derive", "--ledger-id", LEDGER_ID, "--json").json["account"]
    assert expected != other


def test_derived_key_is_saved_in_a_follower_only(
    terminal: Terminal, follower: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes the account of the home, whose balance is then shown first."""
    monkeypatch.setenv("NOSTR_USAGE_NSEC", NSEC.nsec())
    npub = follower.run("account", "derive", "--save").out.strip()
    home = Home(follower.home)
    assert npub == encode_npub(home.settings().account)
    assert home.settings().account == account_id(home.key("account"))
    follower.run("account", "derive", "--save", code=ExitCode.BAD_HOME)
    terminal.run("account", "derive", "--save", code=ExitCode.BAD_HOME)
    assert not Home(terminal.home).has_key("account")


def test_imported_key_opens_descriptions(terminal: Terminal, follower: Terminal, tmp_path: Path) -> None:
    """Before, the text is sealed; with the key that was handed over it is read from the event itself."""
    entry = terminal.run("history", "alice", "--limit", "1", "--json").json[0]
    assert "sealed" in follower.run("show", entry["entry_id"]).out
    path = tmp_path / "alice.nsec"
    terminal.run("account", "export", "alice", "--yes", "--output", str(path))
    follower.run("account", "import", "--key-file", str(path))
    found = follower.run("show", entry["entry_id"], "--json").json
    assert "How do I set boundaries with family?" == found["description"]
    assert ["description"] == [check["name"] for check in found["checks"] if "text" in check["detail"]]


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_key_file_that_others_may_read_is_refused(terminal: Terminal, tmp_path: Path, mode: int) -> None:
    """The advice says how to mend it, and the key is not shown."""
    path = tmp_path / "my.nsec"
    path.write_text(NSEC.nsec())
    path.chmod(mode)
    outcome = terminal.run("account", "derive", "--key-file", str(path), code=ExitCode.BAD_HOME)
    assert "chmod 600" in outcome.err
    assert NSEC.nsec() not in outcome.err


def test_encrypted_key_file_needs_its_password(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ncryptsec (NIP-49) is opened with the password of the environment."""
    path = tmp_path / "my.ncryptsec"
    path.touch(mode=0o600)
    path.write_text(encrypt_secret_key(NSEC, "horse", log_n=1, salt=b"s" * 16, nonce=b"n" * 24))
    arguments = ("account", "derive", "--ledger-id", LEDGER_ID, "--key-file", str(path))
    monkeypatch.delenv("NOSTR_USAGE_PASSWORD", raising=False)
    terminal.run(*arguments, code=ExitCode.BAD_INPUT)
    monkeypatch.setenv("NOSTR_USAGE_PASSWORD", "horse")
    assert terminal.run(*arguments).out.startswith("npub1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--ledger-id", "ab"),
        ("--ledger-id", "AB" * 32),
        ("--ledger-id", LEDGER_ID),
        ("--ledger-id", LEDGER_ID, "--key-file", "missing.nsec"),
    ],
)
def test_derive_without_what_it_needs_is_bad_input(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """No id that is one, no key anywhere: nothing is printed."""
    monkeypatch.delenv("NOSTR_USAGE_NSEC", raising=False)
    assert "" == terminal.run("account", "derive", *arguments, code=ExitCode.BAD_INPUT).out


def test_public_key_is_not_taken_for_a_secret_one(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An npub derives nothing."""
    monkeypatch.setenv("NOSTR_USAGE_NSEC", encode_npub(public_key_of(NSEC)))
    assert "public key" in terminal.run("account", "derive", code=ExitCode.BAD_INPUT).err
