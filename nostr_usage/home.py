"""A home: the directory that holds one party's settings, keys and store.

    settings.toml           role, pinned public keys, kind, catalogue, description mode
    relays.toml             the relay set in use
    keys/root.key           operator: signs manifests; may be kept elsewhere once it has signed
    keys/ledger.key         operator: signs entries
    keys/account.key        customer: opens sealed descriptions (optional)
    keys/accounts.sqlite    operator: per-account secrets
    ledger.sqlite           entries, events, outbox, pins

Key files hold one line: 64 hex digits, or an `ncryptsec` (NIP-49). Others must not be able to read them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from nostr_usage.durable import sync_directory
from nostr_usage.errors import HomeError

if TYPE_CHECKING:
    from nostr_usage.nostr.keys import SecretKey

HOME_VARIABLE = "NOSTR_USAGE_HOME"
SETTINGS_VERSION = 1
_KEY_BYTES_MAX = 4_096
# The values of `details.DescriptionMode`, which takes longer to load than `balance` may take to answer.
_DESCRIPTIONS = ("sealed", "detached", "plain")
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
# A name and a text without escapes, a number, or a list of numbers: in TOML and in JSON the same.
_PLAIN_LINE = re.compile(
    r'([a-z_]+) = ("[^"\\\x00-\x1f\x7f]*"|[1-9][0-9]{0,9}|\[[1-9][0-9]{0,9}(?:, [1-9][0-9]{0,9})*\])'
)


class Role(StrEnum):
    """Whose home this is: the service that signs, or anyone who follows it with only a public key."""

    OPERATOR = "operator"
    FOLLOWER = "follower"


class Settings(NamedTuple):
    """What `settings.toml` says; public keys are 64 hex digits.

    A named tuple and not a pydantic model: it is read by every command, and `balance` must start at once.
    """

    role: Role
    root_pubkey: str
    ledger_pubkey: str
    ledger_id: str = ""
    kinds: tuple[int, ...] = (30078,)
    catalogue: str = "transparency"
    descriptions: str = "sealed"
    account: str = ""

    @property
    def kind(self) -> int:
        """The kind that new entries are written in."""
        return self.kinds[0]


def settings_from_toml(text: str) -> Settings:
    """The settings that `text` spells.

    Raises:
        HomeError: naming the key that is missing, unknown or of another type.
    """
    values = _plain_values(text) or _toml_values(text)
    if values.pop("version", None) != SETTINGS_VERSION:
        raise HomeError(f"version is not {SETTINGS_VERSION}", advice="Update nostr-usage to read it.")
    for name in values.keys() - set(Settings._fields):
        raise HomeError(f"unknown key {name!r}", advice="Remove that line.")
    role = _text(values, "role")
    if role not in set(Role):
        raise HomeError(f"role {role!r} is neither {' nor '.join(Role)}")
    descriptions = _text(values, "descriptions", default=_DESCRIPTIONS[0])
    if descriptions not in _DESCRIPTIONS:
        raise HomeError(f"descriptions are {descriptions!r}, which is none of {', '.join(_DESCRIPTIONS)}")
    return Settings(
        role=Role(role),
        root_pubkey=_hex(values, "root_pubkey"),
        ledger_pubkey=_hex(values, "ledger_pubkey", is_needed=True),
        ledger_id=_hex(values, "ledger_id", default=""),
        kinds=_kinds(values),
        catalogue=_text(values, "catalogue", default="transparency"),
        descriptions=descriptions,
        account=_hex(values, "account", default=""),
    )


def _plain_values(text: str) -> dict[str, object] | None:
    """The values of a text in the form that we write, a line for each; None for any other TOML.

    Loading a reader of TOML takes as long as a third of all that `balance` does.
    """
    lines = [_PLAIN_LINE.fullmatch(line) for line in text.splitlines()]
    values = {line[1]: json.loads(line[2]) for line in lines if line}
    return values if len(values) == len(lines) else None


def _toml_values(text: str) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise HomeError(f"not TOML: {error}") from error


def _text(values: dict[str, object], name: str, *, default: str | None = None) -> str:
    value = values.get(name, default)
    if not isinstance(value, str):
        raise HomeError(f"{name} is {'missing' if value is None else 'not a text'}")
    return value


def _hex(values: dict[str, object], name: str, *, default: str | None = None, is_needed: bool = False) -> str:
    value = _text(values, name, default=default)
    if not _HEX.fullmatch(value) and (value or is_needed):
        raise HomeError(f"{name} is not 64 lowercase hex digits")
    return value


def _kinds(values: dict[str, object]) -> tuple[int, ...]:
    listed = values.get("kinds", [30078])
    kinds = (
        [kind for kind in cast("list[object]", listed) if type(kind) is int] if type(listed) is list else []
    )
    if not kinds or listed != kinds:
        raise HomeError("kinds is not a list of whole numbers")
    return tuple(kinds)


def settings_to_toml(settings: Settings) -> str:
    """The text that `settings_from_toml` reads."""
    import tomli_w

    values = {"version": SETTINGS_VERSION, **settings._asdict()}
    del values["kinds"]
    return f"{tomli_w.dumps(values)}kinds = {list(settings.kinds)}\n"


def default_home_path() -> Path:
    """`NOSTR_USAGE_HOME` if it is set, else the platform's data directory."""
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("nostr-usage", appauthor=False))


class Home:
    """The paths and files of one home; nothing is cached, nothing is open."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def store_path(self) -> Path:
        """The ledger's database."""
        return self.path / "ledger.sqlite"

    @property
    def relays_path(self) -> Path:
        """The relay set in use."""
        return self.path / "relays.toml"

    @property
    def catalogue_path(self) -> Path:
        """A catalogue of one's own; without it the settings name a built-in one."""
        return self.path / "catalogue.toml"

    @property
    def secrets_path(self) -> Path:
        """The operator's per-account secrets."""
        return self.path / "keys" / "accounts.sqlite"

    def key_path(self, name: str) -> Path:
        """Where the key `name` (root, ledger, account) is kept."""
        return self.path / "keys" / f"{name}.key"

    def exists(self) -> bool:
        """Whether somebody has set this home up."""
        return (self.path / "settings.toml").exists()

    def prepare(self, *, relays_toml: str, catalogue_toml: str | None = None) -> None:
        """Make the directories and all that the settings, which are written last, will refer to."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A directory that was there keeps its mode: it may hold more than this home. Our files are private.
        self.path.mkdir(mode=0o700, exist_ok=True)
        (self.path / "keys").mkdir(mode=0o700, exist_ok=True)
        sync_directory(self.path.parent)
        self.write_relays(relays_toml)
        if catalogue_toml is not None:
            _replace_file(self.catalogue_path, catalogue_toml)

    def write_settings(self, settings: Settings) -> None:
        """Replace the settings as a whole, so that a crash leaves the old or the new ones."""
        _replace_file(self.path / "settings.toml", settings_to_toml(settings))

    def write_relays(self, relays_toml: str) -> None:
        """Replace the relay set as a whole."""
        _replace_file(self.relays_path, relays_toml)

    def settings(self) -> Settings:
        """What `settings.toml` says.

        Raises:
            HomeError: if there is no home here, or its settings cannot be used.
        """
        path = self.path / "settings.toml"
        try:
            return settings_from_toml(path.read_text("utf-8"))
        except FileNotFoundError:
            raise HomeError(
                f"there is no home in {self.path}",
                advice="Run `nostr-usage init` (operator) or `nostr-usage follow NPUB --relay URL` (reader).",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise HomeError(f"cannot read {path}: {error}") from error
        except HomeError as error:
            raise HomeError(f"{path}: {error}", advice=error.advice) from error

    def write_key(self, name: str, text: str) -> None:
        """Write the one line of a key file that only its owner may read.

        Raises:
            HomeError: if that key file is there already; a key is never overwritten.
        """
        path = self.key_path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise HomeError(
                f"{path} is there already, and a key is never overwritten",
                advice="Move it away if it is of no use, or choose another directory with --home.",
            ) from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)

    def has_key(self, name: str) -> bool:
        """Whether the key file is there."""
        return self.key_path(name).exists()

    def key_text(self, name: str) -> str:
        """The one line of a key file, secret: hex, nsec or ncryptsec.

        Raises:
            HomeError: if the file is missing, readable by others, or not a key file.
        """
        path = self.key_path(name)
        try:
            check_private(path)
            data = path.read_bytes()[: _KEY_BYTES_MAX + 1]
            text = data.decode("ascii").strip()
        except FileNotFoundError:
            raise HomeError(
                f"{path} is missing",
                advice="Only the home of the operator (or of the key's holder) can do this.",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise HomeError(f"{path} is no key file: {type(error).__name__}") from None
        if not text or len(data) > _KEY_BYTES_MAX:
            raise HomeError(f"{path} is no key file")
        return text

    def key(self, name: str, *, password: str | None = None) -> SecretKey:
        """The secret key in a key file; `password` opens an ncryptsec.

        Raises:
            HomeError: as `key_text`, or if a password is needed.
            KeyFormatError, DecryptionError: if it is no key, or the password is wrong.
        """
        from nostr_usage.nostr.keys import parse_secret_key

        text = self.key_text(name)
        if not text.startswith("ncryptsec1"):
            return parse_secret_key(text)
        if password is None:
            raise HomeError(
                f"{self.key_path(name)} is encrypted",
                advice="Give its password in NOSTR_USAGE_PASSWORD, or run the command on a terminal.",
            )
        from nostr_usage.nostr.nip49 import decrypt_secret_key

        return decrypt_secret_key(text, password)


def check_private(path: Path) -> None:
    """Refuse a secret file that group or others may read (POSIX; elsewhere the profile protects it).

    Raises:
        HomeError: naming the command that mends it.
    """
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise HomeError(f"others may read {path}", advice=f"Run: chmod 600 {path}")


@contextmanager
def private_files() -> Generator[None]:
    """Files created inside are readable by their owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _replace_file(path: Path, text: str) -> None:
    temporary = path.with_suffix(path.suffix + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)
