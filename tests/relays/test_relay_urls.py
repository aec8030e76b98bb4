"""One spelling for every relay URL, and none for what is no relay."""

from __future__ import annotations

import pytest

from nostr_usage.errors import RelayUrlError
from nostr_usage.relays.urls import (
    URL_CHARS_MAX,
    host_and_port,
    is_local_address,
    is_plainly_local,
    normalise_relay_url,
)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("wss://relay.example", "wss://relay.example/"),
        ("wss://relay.example/", "wss://relay.example/"),
        (" WSS://Relay.Example:443 \n", "wss://relay.example/"),
        ("wss://relay.example.", "wss://relay.example/"),
        ("ws://127.0.0.1:80", "ws://127.0.0.1/"),
        ("ws://127.0.0.1:7777", "ws://127.0.0.1:7777/"),
        ("wss://relay.example:80", "wss://relay.example:80/"),
        ("wss://relay.example/Private?a=B", "wss://relay.example/Private?a=B"),
        ("ws://[::1]:7777", "ws://[::1]:7777/"),
        ("ws://[0:0:0:0:0:0:0:1]", "ws://[::1]/"),
    ],
)
def test_each_relay_has_one_spelling(typed: str, normal: str) -> None:
    """Case, default ports and an empty path make no difference; another path is another relay."""
    assert normal == normalise_relay_url(typed)
    assert normal == normalise_relay_url(normal)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "relay.example",
        "https://relay.example",
        "wss://",
        "wss:///path",
        "wss://relay.example#now",
        "wss://relay.example:0",
        "wss://relay.example:99999",
        "wss://relay.example:port",
        "wss://rel ay.example",
        "wss://relay.example/\x07",
        "wss://bücher.example",
        "wss://[fe80::1%eth0]/",
        "wss://[::1",
        "wss://[zz::]/",
        "wss://[1::2::3]/",
        "wss://[1:2]/",
        "wss://a..b/",
        "wss://relay.example/" + "a" * URL_CHARS_MAX,
    ],
)
def test_what_is_no_relay_url_is_refused(typed: str) -> None:
    """Other schemes, impossible hosts and ports, and unprintable characters are refused."""
    with pytest.raises(RelayUrlError):
        normalise_relay_url(typed)


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    """A URL with a user and a password is refused without repeating either."""
    with pytest.raises(RelayUrlError) as caught:
        normalise_relay_url("wss://alice:hunter2@relay.example")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("wss://relay.example/", ("relay.example", 443)),
        ("ws://relay.example/", ("relay.example", 80)),
        ("ws://[::1]:7777/", ("::1", 7777)),
    ],
)
def test_host_and_port_are_where_to_connect(url: str, target: tuple[str, int]) -> None:
    """The scheme gives the port that the URL leaves out."""
    assert target == host_and_port(url)


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("224.0.0.1", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:127.0.0.1", True),
        ("1.1.1.1", False),
        ("2606:4700:4700::1111", False),
    ],
)
def test_addresses_of_this_network_are_local(address: str, *, is_local: bool) -> None:
    """Loopback, private, link-local and multicast addresses are told from public ones."""
    assert is_local is is_local_address(address)


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("ws://localhost:7447/", True),
        ("ws://relay.localhost./", True),
        ("ws://192.168.1.2/", True),
        ("ws://[::1]/", True),
        ("wss://relay.example/", False),
        ("wss://1.1.1.1/", False),
    ],
)
def test_some_urls_say_themselves_that_they_are_local(url: str, *, is_local: bool) -> None:
    """By the address or by the name; what a look-up would find is another question."""
    assert is_local is is_plainly_local(url)
