"""Relay sets as typed TOML: where to write, where to read, and when an event counts as published.

    local.toml     two embedded relays on this machine, for trying things out
    own.toml       relays that you run yourself (see strfry/)
    public.toml    public relays beside your own

A set is chosen by its name, or by the path of a file like these. This package stands alone: it imports
nothing of the library, so that whoever only wants the sets can have them.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import cast

__all__ = [
    "BUILT_IN_SETS",
    "Relay",
    "RelaySet",
    "RelaySetError",
    "load_relay_set",
    "relay_set_from_toml",
    "relay_set_of",
]

BUILT_IN_SETS = ("local", "own", "public")
QUORUM_DEFAULT = 2
RELAYS_MAX = 32
_FLAGS = ("write", "read", "auditable")
_URL = re.compile(r"wss?://[^\s/?#@]+(/[^\s#]*)?", re.ASCII)


class RelaySetError(Exception):
    """A relay set that cannot be used; the message names the file, the key and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One relay: whether entries are written to it, whether they are read from it, and by whom.

    `auditable` is what you expect of it: anybody can read there, without a key. A canary tells what is so.
    """

    url: str
    write: bool = True
    read: bool = True
    auditable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySet:
    """Relays, and the `quorum` of write relays that must serve an event before it counts as published."""

    name: str
    relays: tuple[Relay, ...]
    quorum: int

    @property
    def write_relays(self) -> tuple[Relay, ...]:
        """The relays that entries are written to."""
        return tuple(relay for relay in self.relays if relay.write)

    @property
    def read_relays(self) -> tuple[Relay, ...]:
        """The relays that entries are read from."""
        return tuple(relay for relay in self.relays if relay.read)

    def to_toml(self) -> str:
        """The text that `relay_set_from_toml` reads."""
        lines = [f"name = {_quoted(self.name)}", f"quorum = {self.quorum}"]
        for relay in self.relays:
            lines += ["", "[[relays]]", f"url = {_quoted(relay.url)}"]
            lines += [
                f"{key} = {str(value).lower()}"
                for key, value in (
                    ("write", relay.write),
                    ("read", relay.read),
                    ("auditable", relay.auditable),
                )
            ]
        return "\n".join(lines) + "\n"


def relay_set_of(name: str, urls: tuple[str, ...], *, quorum: int | None = None) -> RelaySet:
    """A set of relays that are all written to and read from.

    Raises:
        RelaySetError: if there is no relay, one twice, or one that is no relay URL.
    """
    return _checked(name, tuple(Relay(url=url) for url in urls), quorum, file="the command line")


def load_relay_set(name: str | Path) -> RelaySet:
    """The built-in set of that name, or the one in the file at that path.

    Raises:
        RelaySetError: if there is none, or it cannot be used.
    """
    if isinstance(name, str) and name in BUILT_IN_SETS:
        text = files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
        return relay_set_from_toml(text, file=f"{name}.toml")
    path = Path(name)
    try:
        return relay_set_from_toml(path.read_text("utf-8"), file=str(path))
    except FileNotFoundError:
        known = ", ".join(BUILT_IN_SETS)
        raise RelaySetError(
            f"there is no relay set {str(name)!r}: name one of {known}, or a TOML file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RelaySetError(f"cannot read {path}: {error}") from error


def relay_set_from_toml(text: str, *, file: str) -> RelaySet:
    """The set that `text` spells; `file` is named in errors.

    Raises:
        RelaySetError: naming the key that is missing, unknown or wrong.
    """
    try:
        table: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RelaySetError(f"{file} is not TOML: {error}") from error
    _refuse_unknown(table, {"name", "quorum", "relays"}, file=file, where="")
    listed = table.get("relays")
    if not isinstance(listed, list):
        raise RelaySetError(f"{file}: relays is missing: add a [[relays]] table with a url")
    relays = tuple(
        _relay(entry, file=file, where=f"relays[{index}]")
        for index, entry in enumerate(cast("list[object]", listed))
    )
    name, quorum = table.get("name", Path(file).stem), table.get("quorum")
    if not isinstance(name, str) or (quorum is not None and type(quorum) is not int):
        raise RelaySetError(f"{file}: name is a text, quorum a whole number")
    return _checked(name, relays, quorum, file=file)


def _checked(name: str, relays: tuple[Relay, ...], quorum: int | None, *, file: str) -> RelaySet:
    urls = [relay.url for relay in relays]
    written = sum(relay.write for relay in relays)
    if not 0 < len(relays) <= RELAYS_MAX:
        raise RelaySetError(f"{file}: name 1 to {RELAYS_MAX} relays")
    for url in urls:
        if not _URL.fullmatch(url):
            raise RelaySetError(f"{file}: {url!r} is no relay URL: write ws://HOST or wss://HOST")
        if urls.count(url) > 1:
            raise RelaySetError(f"{file}: {url} is named twice")
    chosen = min(QUORUM_DEFAULT, written) if quorum is None else quorum
    if not 0 <= chosen <= written or (written and not chosen):
        raise RelaySetError(f"{file}: quorum is {chosen}, but {written} relays are written to")
    return RelaySet(name=name, relays=relays, quorum=chosen)


def _relay(entry: object, *, file: str, where: str) -> Relay:
    if not isinstance(entry, dict):
        raise RelaySetError(f"{file}: {where} is not a table")
    table = cast("dict[str, object]", entry)
    _refuse_unknown(table, {"url", *_FLAGS}, file=file, where=f"{where}.")
    url = table.get("url")
    flags = {key: value for key in _FLAGS if isinstance(value := table.get(key, True), bool)}
    if not isinstance(url, str) or len(flags) < len(_FLAGS):
        raise RelaySetError(f"{file}: {where} needs a url; {', '.join(_FLAGS)} are true or false")
    return Relay(url=url, **flags)


def _refuse_unknown(table: Mapping[str, object], known: set[str], *, file: str, where: str) -> None:
    for key in table.keys() - known:
        raise RelaySetError(f"{file}: unknown key {where}{key}: remove that line")


def _quoted(text: str) -> str:
    """A TOML basic string is a JSON string."""
    return json.dumps(text)
