"""Relay sets: the three that come along, files of one's own, and errors that name file and key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from relay_config import (
    BUILT_IN_SETS,
    RELAYS_MAX,
    Relay,
    RelaySet,
    RelaySetError,
    load_relay_set,
    relay_set_from_toml,
    relay_set_of,
)

ONE = '[[relays]]\nurl = "wss://one.example/"\n'
TWO = ONE + '[[relays]]\nurl = "wss://two.example/"\n'
THREE = TWO + '[[relays]]\nurl = "wss://three.example/"\n'


@pytest.mark.parametrize("name", BUILT_IN_SETS)
def test_the_sets_that_come_along_can_be_used(name: str) -> None:
    """Each has its own name, relays to read and write, and a quorum that can be met."""
    relays = load_relay_set(name)
    assert name == relays.name
    assert 1 <= relays.quorum <= len(relays.write_relays)
    assert relays.read_relays


@pytest.mark.parametrize("name", BUILT_IN_SETS)
def test_a_set_survives_its_own_toml(name: str) -> None:
    """What is written is read again, every field."""
    relays = load_relay_set(name)
    assert relays == relay_set_from_toml(relays.to_toml(), file="again.toml")


def test_flags_are_true_unless_they_are_there() -> None:
    """`write`, `read` and `auditable`, each for itself."""
    text = (
        ONE + "write = false\n" + '[[relays]]\nurl = "ws://two.example/"\nread = false\nauditable = false\n'
    )
    relays = relay_set_from_toml(text, file="own.toml")
    first = Relay(url="wss://one.example/", write=False)
    second = Relay(url="ws://two.example/", read=False, auditable=False)
    assert RelaySet(name="own", relays=(first, second), quorum=1) == relays
    assert ((second,), (first,)) == (relays.write_relays, relays.read_relays)
    assert relays == relay_set_from_toml(relays.to_toml(), file="x")


@pytest.mark.parametrize(("text", "quorum"), [(ONE, 1), (TWO, 2), (THREE, 2), (f"quorum = 3\n{THREE}", 3)])
def test_the_quorum_is_two_where_there_are_two(text: str, quorum: int) -> None:
    """Unless the file says otherwise."""
    assert quorum == relay_set_from_toml(text, file="x").quorum


def test_a_set_that_writes_nowhere_needs_no_quorum() -> None:
    """Readers need no write relay."""
    relays = relay_set_from_toml(ONE + "write = false", file="x")
    assert (0, ()) == (relays.quorum, relays.write_relays)


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    """As text or as a path; its name is that of the file unless it has one."""
    path = tmp_path / "mine.toml"
    path.write_text(TWO)
    assert "mine" == load_relay_set(path).name
    assert load_relay_set(path) == load_relay_set(str(path))


def test_urls_make_a_set() -> None:
    """All of them are written, read and auditable."""
    urls = ("ws://127.0.0.1:7447/", "wss://one.example/path")
    relays = relay_set_of("ad hoc", urls)
    assert RelaySet(name="ad hoc", relays=tuple(Relay(url=url) for url in urls), quorum=2) == relays
    assert 1 == relay_set_of("ad hoc", urls, quorum=1).quorum


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("relays = 1", "relays"),
        ("", "relays"),
        ("relays = []", "1 to"),
        ("[[relays]]", "relays[0]"),
        ("relays = [1]", "relays[0]"),
        ("[[relays]]\nurl = 7", "relays[0]"),
        ('[[relays]]\nurl = "https://x.example"', "https://x.example"),
        ('[[relays]]\nurl = "wss://user@x.example"', "wss://user@x.example"),
        (ONE + 'write = "yes"', "relays[0]"),
        (ONE + "auditable = 1", "auditable"),
        (ONE + "wirte = true", "relays[0].wirte"),
        ("qorum = 1\n" + ONE, "qorum"),
        (ONE + ONE, "named twice"),
        ("quorum = 2\n" + ONE, "quorum is 2"),
        ("quorum = 0\n" + ONE, "quorum is 0"),
        ("quorum = true\n" + ONE, "quorum"),
        ("name = 1\n" + ONE, "name"),
        ("name = ", "not TOML"),
        ("".join(f'[[relays]]\nurl = "ws://h{n}/"\n' for n in range(RELAYS_MAX + 1)), "1 to"),
    ],
)
def test_mistakes_are_named_with_file_and_key(text: str, named: str) -> None:
    """The message says where it is and what is wrong."""
    with pytest.raises(RelaySetError) as caught:
        relay_set_from_toml(text, file="mine.toml")
    assert "mine.toml" in str(caught.value)
    assert named in str(caught.value)


def test_a_name_that_nobody_knows_lists_those_that_are() -> None:
    """Neither a set nor a file: the message says what there is."""
    with pytest.raises(RelaySetError, match="local, own, public"):
        load_relay_set("publik")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A directory, or bytes that are no text."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, binary):
        with pytest.raises(RelaySetError, match=str(path)):
            load_relay_set(path)


def test_nothing_of_the_library_is_loaded() -> None:
    """Whoever only wants the sets gets only the sets."""
    code = "import sys, relay_config; relay_config.load_relay_set('own'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "relay_config" in loaded.split()
    assert [] == [
        name for name in loaded.split() if name.startswith(("nostr_usage", "pydantic", "websockets"))
    ]
