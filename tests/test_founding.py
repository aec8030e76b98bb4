"""How homes come to be: whole or not at all, and never over one that is there."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import CatalogueError, HomeError, UnknownNameError
from nostr_usage.founding import NewLedger, create_follower_home, create_operator_home, key_text
from nostr_usage.home import Home, Role
from nostr_usage.nostr.event import event_from_json, verify_event
from nostr_usage.nostr.keys import generate_secret_key, parse_secret_key, public_key_of
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.store import Store
from nostr_usage.wire.manifest import manifest_from_event, newest_manifest
from nostr_usage.wiring import open_operator, open_reader, relay_set_at
from tests.operators import FEBRUARY_1

CLOCK = ManualClock(FEBRUARY_1)
NEW = NewLedger(
    relays=relay_set_at(("ws://127.0.0.1:1/", "ws://127.0.0.1:2/")),
    catalogue="transparency",
    descriptions="sealed",
    kind=30078,
)


def made_in(path: Path, new: NewLedger = NEW, *, seed: int = 1) -> Home:
    """An operator's home, with keys by this chance."""
    home = Home(path)
    create_operator_home(home, new, clock=CLOCK, entropy=random.Random(seed).randbytes)
    return home


def test_the_first_manifest_names_everything(tmp_path: Path) -> None:
    """Signed by the root key, dated by the clock, queued for each relay; its id is the ledger's."""
    home = made_in(tmp_path / "home")
    settings = home.settings()
    with Store.open(home.store_path) as store, store.read() as reader:
        (row,) = reader.events()
        queued = reader.outbox_of(row.event_no)
    event = verify_event(event_from_json(row.event_json))
    manifest = manifest_from_event(event)
    catalogue = load_catalogue("transparency")
    assert (settings.root_pubkey, FEBRUARY_1, 2) == (event.pubkey, event.created_at, len(queued))
    assert (settings.ledger_id, manifest) == newest_manifest([event])
    assert settings.ledger_pubkey == manifest.ledger_pubkey
    assert (catalogue.name, catalogue.version, catalogue.digest) == manifest.catalogue


def test_keys_come_from_the_chance_that_is_passed_in(tmp_path: Path) -> None:
    """Same chance, same keys; root and ledger differ; a root key from outside is taken."""
    one, same, other = (made_in(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert one.settings().ledger_id == same.settings().ledger_id
    assert 4 == len(
        {key for home in (one, other) for key in (home.settings().root_pubkey, home.settings().ledger_pubkey)}
    )
    root = generate_secret_key(random.Random(3).randbytes)
    brought = made_in(tmp_path / "d", replace(NEW, root_key=root))
    assert public_key_of(root) == brought.settings().root_pubkey
    assert root == brought.key("root")


def test_a_second_founding_changes_nothing(tmp_path: Path) -> None:
    """Neither as an operator nor as a follower."""
    home = made_in(tmp_path / "home")
    before = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    with pytest.raises(HomeError, match="is a home already"):
        create_operator_home(home, NEW, clock=CLOCK)
    with pytest.raises(HomeError, match="is a home already"):
        create_follower_home(home, home.settings(), relays=NEW.relays)
    after = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    assert before == after


@pytest.mark.parametrize("catalogue", ["no such catalogue", "no-such-file.toml"])
def test_nothing_is_made_for_a_catalogue_that_is_not_there(tmp_path: Path, catalogue: str) -> None:
    """It is looked at first."""
    with pytest.raises((CatalogueError, UnknownNameError)):
        made_in(tmp_path / "home", replace(NEW, catalogue=catalogue))
    assert [] == list(tmp_path.iterdir())


def test_an_own_catalogue_cannot_change_behind_ones_back(tmp_path: Path) -> None:
    """It is copied into the home, and the copy is what is used."""
    source = Path(__file__).parent.parent / "nostr_usage" / "pricing" / "catalogues" / "transparency.toml"
    own = tmp_path / "own.toml"
    own.write_text(source.read_text("utf-8"), "utf-8")
    home = made_in(tmp_path / "home", replace(NEW, catalogue=str(own)))
    own.unlink()
    with open_operator(home, clock=CLOCK) as opened:
        assert load_catalogue("transparency").digest == opened.catalogue.digest


def test_encrypted_keys_open_with_their_password_only(tmp_path: Path) -> None:
    """The files hold an ncryptsec, and no hex."""
    home = made_in(tmp_path / "home", replace(NEW, password="correct horse"))
    assert home.key_text("ledger").startswith("ncryptsec1")
    with open_operator(home, password="correct horse", clock=CLOCK) as opened:
        assert home.settings().ledger_pubkey == opened.operator.signer.pubkey
    with pytest.raises(HomeError, match="is encrypted"), open_operator(home):
        pass


def test_key_text_without_a_password_is_the_key() -> None:
    """Hex, which reads back as the same key."""
    key = generate_secret_key(random.Random(1).randbytes)
    assert key == parse_secret_key(key_text(key, password=None, entropy=bytes))


def test_a_follower_shows_the_same_value_of_a_token(tmp_path: Path) -> None:
    """Its catalogue is read once, when the home is made."""
    home = made_in(tmp_path / "home")
    follower = Home(tmp_path / "follower")
    settings = home.settings()._replace(role=Role.FOLLOWER)
    create_follower_home(follower, settings, relays=NEW.relays)
    assert settings == follower.settings()
    with open_reader(home) as theirs, open_reader(follower) as ours:
        assert theirs.token_value == ours.token_value


def test_what_a_crash_left_is_no_home(tmp_path: Path) -> None:
    """Settings are written last: without them, and once the keys are moved away, it can be made again."""
    home = made_in(tmp_path / "home")
    (home.path / "settings.toml").unlink()
    with pytest.raises(HomeError, match="never overwritten"):
        create_operator_home(home, NEW, clock=CLOCK)
    assert not home.exists()
