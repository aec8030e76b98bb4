"""Homes opened and closed: what each role gets, and which names, sets and catalogues are found."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.enrolment import enrol
from nostr_usage.errors import CatalogueError, HomeError, KeyFormatError, NostrUsageError, UnknownNameError
from nostr_usage.founding import NewLedger, create_follower_home, create_operator_home
from nostr_usage.home import Home, Role, Settings
from nostr_usage.nostr.keys import generate_secret_key
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.relays.urls import normalise_relay_url
from nostr_usage.wiring import (
    connection_policy,
    find_account,
    home_relays,
    load_catalogue_of,
    open_operator,
    open_reader,
    read_urls,
    relay_set_at,
    relay_set_named,
    write_urls,
)
from nostr_usage.writing.intent import Clearance, Hold, Intent
from nostr_usage.writing.request import Action
from tests.operators import FEBRUARY_1

CLOCK = ManualClock(FEBRUARY_1)
CHANCE = random.Random(1).randbytes
RELAYS = relay_set_at(("ws://127.0.0.1:1", "WS://LOCALHOST:2/"))
CATALOGUES = Path(__file__).parent.parent / "nostr_usage" / "pricing" / "catalogues"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An operator's home."""
    made = Home(tmp_path / "operator")
    new = NewLedger(relays=RELAYS, catalogue="transparency", descriptions="sealed", kind=30078)
    create_operator_home(made, new, clock=CLOCK, entropy=CHANCE)
    return made


def follower_of(home: Home, path: Path) -> Home:
    """A home that follows that ledger."""
    made = Home(path)
    settings = home.settings()._replace(role=Role.FOLLOWER)
    create_follower_home(made, settings, relays=RELAYS)
    return made


async def test_an_operator_has_its_calls_for_event_loops(home: Home) -> None:
    """They write the same ledger."""
    with open_operator(home, clock=CLOCK, entropy=CHANCE) as opened:
        account = enrol(
            opened.recorder, opened.secrets, entropy=CHANCE, label="alice", plan="standard"
        ).account
        await opened.async_recorder.record(
            Action(account=account, activity="magic-mentor", tokens=10, key="c1")
        )
        answer = await opened.async_spender.check(Intent(account=account, activity="magic-mentor"))
        assert isinstance(answer, Clearance)
        assert 4_990 == answer.left


def test_holds_that_expired_meanwhile_are_marked(home: Home) -> None:
    """When an operator starts; those that last are left alone."""
    clock = ManualClock(FEBRUARY_1)
    with open_operator(home, clock=clock, entropy=CHANCE) as opened:
        account = enrol(
            opened.recorder, opened.secrets, entropy=CHANCE, label="alice", plan="standard"
        ).account
        chat = Intent(account=account, activity="magic-mentor")
        holds = [opened.spender.reserve(chat, key=f"k{ttl_s}", ttl_s=ttl_s) for ttl_s in (60, 600)]
    clock.advance(60)
    with open_operator(home, clock=clock, entropy=CHANCE) as opened, opened.store.read() as reader:
        rows = [reader.hold(hold.hold_id) for hold in holds if isinstance(hold, Hold)]
        assert ["expired", "open"] == [row.state.value for row in rows if row is not None]


def test_an_operator_can_sign(home: Home) -> None:
    """Recorder, catalogue, secrets and relays fit together, on the clock that was passed in."""
    with open_operator(home, clock=CLOCK, entropy=CHANCE) as opened:
        account = enrol(opened.recorder, opened.secrets, entropy=CHANCE, label="alice").account
        receipt = opened.recorder.record(
            Action(account=account, activity="magic-mentor", tokens=247, key="chat-1")
        )
    assert (opened.settings.ledger_pubkey, FEBRUARY_1) == (
        opened.operator.signer.pubkey,
        receipt.entry.created_at,
    )
    with open_reader(home) as reading, reading.store.read() as reader:
        assert 2 == reader.entry_count()
        assert opened.catalogue.token_value == reading.token_value


def test_a_follower_reads_and_cannot_sign(home: Home, tmp_path: Path) -> None:
    """The store opens, the refusal says where to go."""
    follower = follower_of(home, tmp_path / "follower")
    with open_reader(follower) as opened, opened.store.read() as reader:
        assert 0 == reader.entry_count()
    with pytest.raises(HomeError, match="follows a ledger") as caught, open_operator(follower):
        pass
    assert "operator's home" in caught.value.advice


@pytest.mark.parametrize("opening", [open_reader, open_operator])
def test_no_home_is_an_error_of_ours(
    opening: Callable[[Home], AbstractContextManager[object]], tmp_path: Path
) -> None:
    """Whoever opens it, nothing is made where nothing was."""
    with pytest.raises(HomeError, match="there is no home"), opening(Home(tmp_path / "none")):
        pass
    assert [] == list(tmp_path.iterdir())


def test_another_ledgers_key_is_noticed(home: Home) -> None:
    """A backup put into the wrong home signs nothing."""
    home.key_path("ledger").unlink()
    home.write_key("ledger", generate_secret_key(CHANCE).hex())
    with pytest.raises(HomeError, match=r"ledger\.key is not the ledger key of"), open_operator(home):
        pass


def test_accounts_are_found_by_any_of_their_names(home: Home) -> None:
    """Label, npub and hex mean the same; what is no account, or no public key, is told."""
    with open_operator(home, clock=CLOCK, entropy=CHANCE) as opened:
        account = enrol(opened.recorder, opened.secrets, entropy=CHANCE, label="alice").account
        for name in ("alice", account, encode_npub(account)):
            assert account == find_account(opened.store, name)
        for name in ("bob", "", encode_npub("a" * 64), "a" * 64):
            with pytest.raises(UnknownNameError):
                find_account(opened.store, name)
        secret = generate_secret_key(CHANCE).nsec()
        for name in (secret, "npub1qqqq", "z" * 64):
            with pytest.raises(KeyFormatError) as caught:
                find_account(opened.store, name)
            assert secret not in str(caught.value)


def test_relays_have_one_spelling(home: Home) -> None:
    """Case and a missing slash make no second relay."""
    assert ("ws://127.0.0.1:1/", "ws://localhost:2/") == write_urls(home_relays(home))
    assert write_urls(RELAYS) == read_urls(RELAYS)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: relay_set_named("no such set"),
        lambda: relay_set_named(Path("no-such-file.toml")),
        lambda: relay_set_at(("http://relay.example",)),
        lambda: relay_set_at(("ws://one.example", "ws://ONE.example/")),
        lambda: relay_set_at(()),
        lambda: load_catalogue_of("no-such-file.toml"),
        lambda: load_catalogue_of("no such catalogue"),
    ],
)
def test_sets_and_catalogues_that_cannot_be_used(attempt: Callable[[], object]) -> None:
    """Unknown names, missing files, other protocols, one relay twice: an error of ours, with a message."""
    with pytest.raises(NostrUsageError) as caught:
        attempt()
    assert caught.value.message


def test_a_home_with_damaged_relays_says_so(home: Home) -> None:
    """The file is named."""
    home.write_relays("[[relays]]\nurl = 7\n")
    with pytest.raises(CatalogueError, match=r"relays\.toml"):
        home_relays(home)


def test_a_catalogue_of_ones_own(tmp_path: Path) -> None:
    """A path that ends in .toml is read; bytes that are no text are refused."""
    own = tmp_path / "own.toml"
    own.write_text((CATALOGUES / "transparency.toml").read_text("utf-8"), "utf-8")
    assert load_catalogue_of("transparency").digest == load_catalogue_of(str(own)).digest
    own.write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogueError, match=r"own\.toml"):
        load_catalogue_of(str(own))


@pytest.mark.parametrize(
    ("urls", "asked", "local"),
    [
        (("ws://127.0.0.1:7447/",), False, {"ws://127.0.0.1:7447/"}),
        (("wss://relay.example/",), False, set[str]()),
        (("wss://relay.example/",), True, {"wss://relay.example/"}),
        (("wss://relay.example/", "WS://LocalHost:1"), False, {"ws://localhost:1/"}),
    ],
)
def test_local_addresses_are_for_those_who_name_them(
    urls: tuple[str, ...], *, asked: bool, local: set[str]
) -> None:
    """A URL that plainly is this machine is taken at its word, and it alone; others only if that is meant."""
    policy = connection_policy(urls, allow_local=asked)
    assert local == {url for url in map(normalise_relay_url, urls) if policy.may_be_local(url)}


def test_settings_of_a_follower_hold_no_secret(home: Home, tmp_path: Path) -> None:
    """Control: a follower's home has no key files, the operator's has."""
    follower = follower_of(home, tmp_path / "follower")
    assert Settings is type(follower.settings())
    assert ([], ["ledger.key", "root.key"]) == (
        sorted(path.name for path in follower.path.rglob("*.key")),
        sorted(path.name for path in home.path.rglob("*.key")),
    )
