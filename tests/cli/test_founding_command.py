"""`init`: an operator's home, made once, with private keys and a signed manifest."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.nostr.event import event_from_json, verify_event
from nostr_usage.nostr.keys import parse_public_key
from nostr_usage.store import Store
from nostr_usage.wire.manifest import manifest_from_event
from tests.terminal import RELAY, Terminal, on_a_terminal, operator_terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A place where there is no home yet."""
    return Terminal(tmp_path / "home")


def test_init_makes_a_home(terminal: Terminal) -> None:
    """It says who the ledger is, where the keys are, and what comes next."""
    found = terminal.run("init", "--relay", RELAY, "--json").json
    settings = Home(terminal.home).settings()
    assert settings.root_pubkey == parse_public_key(found["root_npub"]) == found["root_pubkey"]
    assert settings.ledger_pubkey == parse_public_key(found["ledger_npub"])
    assert (settings.ledger_id, [RELAY]) == (found["ledger_id"], found["relays"])
    assert all(Path(path).is_file() for path in found["keys"].values())


def test_text_tells_the_same_without_any_secret(terminal: Terminal) -> None:
    """Both npubs, the ledger id and the next steps are printed; no key is."""
    outcome = terminal.run("init")
    home = Home(terminal.home)
    settings = home.settings()
    for expected in (settings.ledger_id, "npub1", "account new", "publish", "follow npub1", "relay"):
        assert expected in outcome.out
    for name in ("root", "ledger"):
        assert home.key_text(name) not in outcome.out + outcome.err
    assert "nsec" not in outcome.out


def test_manifest_is_signed_by_the_root_key_and_queued(terminal: Terminal) -> None:
    """Readers learn the ledger key from it, so it goes to every relay first of all."""
    terminal.run("init", "--relay", RELAY)
    home = Home(terminal.home)
    settings = home.settings()
    with Store.open(home.store_path) as store, store.read() as reader:
        (row,) = reader.events()
        event = verify_event(event_from_json(row.event_json))
        (queued,) = reader.outbox_of(row.event_no)
    manifest = manifest_from_event(event)
    assert (settings.root_pubkey, settings.ledger_id) == (event.pubkey, event.id)
    assert (settings.ledger_pubkey, (RELAY,)) == (manifest.ledger_pubkey, manifest.relays)
    assert "pending" == queued.state.value


def test_nobody_else_can_read_a_home(terminal: Terminal) -> None:
    """The directory is private, and so is every file in it."""
    terminal.run("init")
    paths = [terminal.home, *terminal.home.rglob("*")]
    assert len(paths) > 5
    assert [] == [str(path) for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_directory_that_was_there_keeps_its_mode(terminal: Terminal) -> None:
    """It may hold more than this home; the files that are ours are private all the same."""
    terminal.home.mkdir(mode=0o755)
    terminal.run("init")
    assert 0o755 == stat.S_IMODE(terminal.home.stat().st_mode)
    files = [path for path in terminal.home.rglob("*") if path.is_file()]
    assert [] == [str(path) for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_second_init_changes_nothing(terminal: Terminal) -> None:
    """Keys are never overwritten."""
    terminal.run("init")
    before = {path: path.read_bytes() for path in terminal.home.rglob("*.key")}
    terminal.run("init", code=ExitCode.BAD_HOME)
    assert before == {path: path.read_bytes() for path in terminal.home.rglob("*.key")}


def test_key_without_a_home_is_not_overwritten(terminal: Terminal) -> None:
    """A key that somebody put back is worth more than a new home."""
    home = Home(terminal.home)
    home.write_key("root", "11" * 32)
    outcome = terminal.run("init", code=ExitCode.BAD_HOME)
    assert "never overwritten" in outcome.err
    assert "11" * 32 == home.key_text("root")
    assert not home.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--relay", "https://relay.example"),
        ("--relay", "wss://relay.example", "--relay", "wss://RELAY.example/"),
        ("--relay", RELAY, "--relay-set", "local"),
        ("--relay-set", "nowhere"),
        ("--catalogue", "nonsense"),
        ("--catalogue", "missing.toml"),
        ("--kind", "5"),
        ("--kind", "0"),
        ("--kind", "20001"),
        ("--kind", "x"),
        ("--descriptions", "whispered"),
        ("--encrypt-keys",),
    ],
)
def test_bad_input_makes_nothing(terminal: Terminal, options: tuple[str, ...]) -> None:
    """A relay that is none, two relays that are one, unknown names, kinds that relays do not keep."""
    outcome = terminal.run("init", *options, code=ExitCode.BAD_INPUT)
    assert "" == outcome.out
    assert outcome.err.startswith("error: ")
    assert not terminal.home.exists()


def test_regular_kind_can_be_chosen(terminal: Terminal) -> None:
    """Relays keep every event of a regular kind, too."""
    assert 1063 == terminal.run("init", "--kind", "1063", "--json").json["kind"]


def test_own_catalogue_is_copied_into_the_home(terminal: Terminal, tmp_path: Path) -> None:
    """Changing the file afterwards does not change what the ledger charges."""
    source = Path("nostr_usage/pricing/catalogues/transparency.toml").read_text("utf-8")
    own = tmp_path / "mine.toml"
    own.write_text(source.replace('name = "transparency"', 'name = "mine"'), "utf-8")
    assert "mine" == terminal.run("init", "--catalogue", str(own), "--json").json["catalogue"]
    own.write_text("broken", "utf-8")
    terminal.run("account", "new", "alice")
    assert 5_000 == terminal.run("balance", "--json").json["tokens"]


def test_plain_descriptions_come_with_a_warning(terminal: Terminal) -> None:
    """What is published can never be unpublished; the default says nothing."""
    assert "never be unpublished" in terminal.run("init", "--descriptions", "plain").err
    assert "" == operator_terminal(terminal.home.parent).run("account", "list").err


def test_encrypted_keys_need_their_password(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files hold ncryptsec; without the password nothing is signed, with a wrong one neither."""
    monkeypatch.setenv("NOSTR_USAGE_PASSWORD", "correct horse")
    outcome = terminal.run("init", "--encrypt-keys")
    home = Home(terminal.home)
    assert all(home.key_text(name).startswith("ncryptsec1") for name in ("root", "ledger"))
    assert "correct horse" not in outcome.out + outcome.err
    terminal.run("account", "new", "alice")
    monkeypatch.setenv("NOSTR_USAGE_PASSWORD", "wrong")
    terminal.run("account", "new", "bob", code=ExitCode.BAD_INPUT)
    monkeypatch.delenv("NOSTR_USAGE_PASSWORD")
    assert "NOSTR_USAGE_PASSWORD" in terminal.run("account", "new", "bob", code=ExitCode.BAD_HOME).err
    assert ["alice"] == [row["label"] for row in terminal.run("account", "list", "--json").json]


def test_empty_password_is_refused(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would only look like protection."""
    monkeypatch.setenv("NOSTR_USAGE_PASSWORD", "")
    terminal.run("init", "--encrypt-keys", code=ExitCode.BAD_INPUT)
    assert not terminal.home.exists()


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file stands where the home's parent should be."""
    (tmp_path / "file").write_text("")
    outcome = Terminal(tmp_path / "file" / "home").run("init", code=ExitCode.BAD_HOME)
    assert str(tmp_path / "file") in outcome.err


@pytest.mark.parametrize(
    ("answers", "is_made"), [(("horse", "horse"), True), (("horse", "\x03"), False), (("\x03",), False)]
)
def test_password_is_typed_twice_and_never_shown(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], *, is_made: bool
) -> None:
    """On a terminal it is asked for and repeated; whoever interrupts that has made nothing."""
    monkeypatch.delenv("NOSTR_USAGE_PASSWORD", raising=False)
    dialogue = list(zip(("Password", "Repeat"), answers, strict=False))
    code, screen = on_a_terminal("--home", str(terminal.home), "init", "--encrypt-keys", dialogue=dialogue)
    assert (is_made, is_made) == (code == ExitCode.DONE, Home(terminal.home).exists())
    assert "horse" not in screen
    assert is_made or not terminal.home.exists()
