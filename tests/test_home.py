"""A home on disk: what is read from it, who may read it, and what is never overwritten."""

from __future__ import annotations

import os
import random
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import DecryptionError, HomeError, KeyFormatError
from nostr_usage.home import (
    HOME_VARIABLE,
    Home,
    Role,
    Settings,
    _plain_values,  # pyright: ignore[reportPrivateUsage]  # compared with a whole parser
    check_private,
    default_home_path,
    private_files,
    settings_from_toml,
    settings_to_toml,
)
from nostr_usage.nostr.keys import generate_secret_key
from nostr_usage.nostr.nip49 import encrypt_secret_key
from nostr_usage.wire.details import DescriptionMode

SETTINGS = Settings(role=Role.OPERATOR, root_pubkey="a" * 64, ledger_pubkey="b" * 64, ledger_id="c" * 64)
KEY = generate_secret_key(random.Random(1).randbytes)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A prepared home with settings."""
    made = Home(tmp_path / "new" / "home")
    made.prepare(relays_toml="relays", catalogue_toml="catalogue")
    made.write_settings(SETTINGS)
    return made


def permissions_of(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


@given(
    st.builds(
        Settings,
        role=st.sampled_from(Role),
        root_pubkey=st.sampled_from(["", "a" * 64]),
        ledger_pubkey=st.just("0" * 64),
        ledger_id=st.sampled_from(["", "c" * 64]),
        kinds=st.lists(st.integers(1, 65_535), min_size=1, max_size=3).map(tuple),
        catalogue=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        descriptions=st.sampled_from(["sealed", "detached", "plain"]),
        account=st.sampled_from(["", "d" * 64]),
    )
)
def test_settings_are_read_as_they_were_written(settings: Settings) -> None:
    """Whatever they hold, quotes and line ends in names of files included."""
    assert settings == settings_from_toml(settings_to_toml(settings))


@pytest.mark.parametrize("mode", DescriptionMode)
def test_every_mode_of_descriptions_can_be_set(mode: DescriptionMode) -> None:
    """Settings know the modes by name, without loading what seals."""
    settings = SETTINGS._replace(descriptions=mode.value)
    assert settings == settings_from_toml(settings_to_toml(settings))


def test_few_settings_are_needed() -> None:
    """Role and keys are; the rest has a default, and the first kind is the one that is written."""
    minimal = f'version = 1\nrole = "follower"\nroot_pubkey = ""\nledger_pubkey = "{"b" * 64}"\n'
    settings = settings_from_toml(minimal)
    assert (Role.FOLLOWER, 30078, "transparency") == (settings.role, settings.kind, settings.catalogue)
    assert 1234 == settings_from_toml(minimal + "kinds = [1234, 30078]\n").kind


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version = 1", "version = 2"), "version"),
        (("version = 1", ""), "version"),
        (("role", "rolle"), "unknown key 'rolle'"),
        (('role = "operator"', ""), "role is missing"),
        (('"operator"', '"auditor"'), "neither operator nor follower"),
        (('"operator"', "1"), "role is not a text"),
        (("30078", '"30078"'), "kinds"),
        (("30078", "true"), "kinds"),
        (("30078", "1, true"), "kinds"),
        (("30078", "30078.0"), "kinds"),
        (("30078", ""), "kinds"),
        (("b" * 64, "B" * 64), "ledger_pubkey"),
        (("b" * 64, ""), "ledger_pubkey"),
        (("a" * 64, "a" * 63), "root_pubkey"),
        (("c" * 64, "../c"), "ledger_id"),
        (('"sealed"', '"open"'), "descriptions are 'open', which is none of"),
        (('"sealed"', "1"), "descriptions is not a text"),
        (('account = ""', 'account = "alice"'), "account"),
        (("version", "= version"), "not TOML"),
        (("version = 1", "version = " + "[" * 100_000), "not TOML"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_settings_that_make_no_sense_are_refused(change: tuple[str, str], message: str) -> None:
    """The key that is missing, unknown or of another form is named."""
    text = settings_to_toml(SETTINGS)
    assert change[0] in text
    with pytest.raises(HomeError, match=message):
        settings_from_toml(text.replace(*change, 1))


def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable first, then the platform's directory for data; an empty variable counts as none."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert tmp_path == default_home_path()
    monkeypatch.setenv(HOME_VARIABLE, "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert "nostr-usage" == default_home_path().name
    assert Path() != default_home_path()


def test_a_prepared_home_holds_what_it_was_given(home: Home) -> None:
    """Directories are private, files are whole, and nothing half-written is left."""
    assert home.exists()
    assert home.path == home.store_path.parent
    assert SETTINGS == home.settings()
    assert ("relays", "catalogue") == (home.relays_path.read_text(), home.catalogue_path.read_text())
    assert [0o700, 0o700] == [permissions_of(home.path), permissions_of(home.secrets_path.parent)]
    assert [] == list(home.path.rglob("*.new"))


def test_what_others_prepared_is_left_alone(tmp_path: Path) -> None:
    """Without a catalogue of one's own no file for it is made, and a home without settings is none."""
    home = Home(tmp_path)
    home.prepare(relays_toml="")
    assert not home.catalogue_path.exists()
    assert not home.exists()


def test_settings_are_replaced_as_a_whole(home: Home) -> None:
    """New ones take the place of the old ones."""
    changed = SETTINGS._replace(account="d" * 64)
    home.write_settings(changed)
    assert changed == home.settings()


def test_a_missing_home_says_how_to_make_one(tmp_path: Path) -> None:
    """Both ways: for the service, and for everyone else."""
    with pytest.raises(HomeError, match="there is no home in") as caught:
        Home(tmp_path).settings()
    assert "init" in caught.value.advice
    assert "follow" in caught.value.advice


def test_settings_that_cannot_be_used_are_named_with_their_file(home: Home) -> None:
    """Bytes that are no text, a directory in their place, and nonsense."""
    path = home.path / "settings.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(HomeError, match=r"cannot read .*settings\.toml"):
        home.settings()
    path.write_text("version = 9")
    with pytest.raises(HomeError, match=r"settings\.toml: version is not 1") as caught:
        home.settings()
    assert "Update" in caught.value.advice
    path.unlink()
    path.mkdir()
    with pytest.raises(HomeError, match="cannot read"):
        home.settings()


def test_a_key_is_for_its_owner_and_is_never_overwritten(home: Home) -> None:
    """One line that only its owner may read, whatever the umask; a second one changes nothing."""
    before = os.umask(0)
    try:
        home.write_key("ledger", KEY.hex())
    finally:
        os.umask(before)
    assert (0o600, f"{KEY.hex()}\n") == (
        permissions_of(home.key_path("ledger")),
        home.key_path("ledger").read_text(),
    )
    with pytest.raises(HomeError, match="never overwritten"):
        home.write_key("ledger", "0" * 64)
    assert KEY == home.key("ledger")
    assert (True, False) == (home.has_key("ledger"), home.has_key("account"))


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o601, 0o660])
def test_a_key_that_others_may_read_is_refused(home: Home, permissions: int) -> None:
    """The message names the command that mends it, and not the key."""
    home.write_key("ledger", KEY.hex())
    home.key_path("ledger").chmod(permissions)
    with pytest.raises(HomeError, match="others may read") as caught:
        home.key("ledger")
    assert f"chmod 600 {home.key_path('ledger')}" in caught.value.advice
    assert KEY.hex() not in str(caught.value)
    home.key_path("ledger").chmod(0o600)
    check_private(home.key_path("ledger"))


@pytest.mark.parametrize(
    "data",
    [b"", b"\n \n", b"\xff" * 64, b"0" * 5_000],
    ids=["nothing", "white space", "bytes", "a flood"],
)
def test_a_file_that_holds_no_key_is_none(home: Home, data: bytes) -> None:
    """Nothing, white space, bytes and floods."""
    home.write_key("ledger", "")
    home.key_path("ledger").write_bytes(data)
    with pytest.raises(HomeError, match="no key file"):
        home.key("ledger")


def test_missing_and_wrong_keys_are_told_apart(home: Home) -> None:
    """What is not there, and what is there but a public key."""
    with pytest.raises(HomeError, match=r"ledger\.key is missing"):
        home.key("ledger")
    home.write_key("ledger", "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg")
    with pytest.raises(KeyFormatError):
        home.key("ledger")


def test_an_encrypted_key_needs_its_password(home: Home) -> None:
    """With it the key is the same; without, or with another, it is not given."""
    chance = random.Random(2).randbytes
    home.write_key(
        "root", encrypt_secret_key(KEY, "correct horse", log_n=4, salt=chance(16), nonce=chance(24))
    )
    assert KEY == home.key("root", password="correct horse")
    with pytest.raises(HomeError, match="is encrypted") as caught:
        home.key("root")
    assert "NOSTR_USAGE_PASSWORD" in caught.value.advice
    with pytest.raises(DecryptionError):
        home.key("root", password="battery staple")


def test_private_files_last_as_long_as_the_block(tmp_path: Path) -> None:
    """Inside, files are for their owner only; afterwards, also after an error, the umask is as it was."""

    def fail_inside() -> None:
        with private_files():
            (tmp_path / "inside").touch()
            raise RuntimeError

    before = os.umask(0o022)
    try:
        with pytest.raises(RuntimeError):
            fail_inside()
        (tmp_path / "outside").touch()
    finally:
        os.umask(before)
    assert (0o600, 0o644) == (
        permissions_of(tmp_path / "inside"),
        permissions_of(tmp_path / "outside"),
    )


@pytest.mark.parametrize(
    "plain", ["version = 1", 'account = ""', "kinds = [1, 30078]", "catalogue = \"ü 'x' #\""]
)
def test_plain_settings_need_no_reader_of_toml(plain: str) -> None:
    """They say the same to both; what is not plain is left to the real one."""
    assert tomllib.loads(plain) == _plain_values(plain) == _plain_values(f"{plain}\n")
    for other in (
        f"{plain} # why",
        f" {plain}",
        f"{plain}\n\n",
        f"{plain}\n{plain}",
        f"[table]\n{plain}",
        "x = 1.5",
    ):
        assert _plain_values(other) is None


@pytest.mark.parametrize(
    "text", ['x = "a\\b"', "x = 01", "x = [1,]", "x = []", "x = 'a'", "x = true", 'x = "\x7f"']
)
def test_settings_that_are_not_plain_are_left_alone(text: str) -> None:
    """JSON and TOML spell these differently, or one of them has no such thing."""
    assert _plain_values(text) is None
