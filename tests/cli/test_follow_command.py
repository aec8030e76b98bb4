"""`follow`: which relays it goes to when somebody else has chosen them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.nostr.nip19 import encode_nprofile
from nostr_usage.wiring import home_relays, read_urls
from tests.relay_process import relay_process
from tests.terminal import Terminal

LEDGER = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A relay on this machine, in a process of its own."""
    with relay_process(tmp_path_factory.mktemp("relay") / "relay.sqlite") as url:
        yield url


def test_a_profile_does_not_lead_into_this_network(tmp_path: Path, relay: str) -> None:
    """Whoever made the nprofile chose its relays: with a private address among them nothing is written."""
    follower = Terminal(tmp_path / "follower")
    profile = encode_nprofile(LEDGER, relays=("wss://relay.example", relay))
    outcome = follower.run("follow", profile, code=ExitCode.BAD_INPUT)
    assert relay in outcome.err
    assert "--allow-local" in outcome.err
    assert not Home(follower.home).exists()


@pytest.mark.parametrize("is_named", [True, False])
def test_it_does_where_that_is_meant(tmp_path: Path, relay: str, *, is_named: bool) -> None:
    """Control: the same relay, named by the user or allowed, is read from."""
    follower = Terminal(tmp_path / "follower")
    profile = encode_nprofile(LEDGER, relays=(relay,))
    follower.run("follow", profile, *(("--relay", relay) if is_named else ("--allow-local",)))
    assert (relay,) == read_urls(home_relays(Home(follower.home)))
