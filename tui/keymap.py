"""Keys of the user's own: the table `[keys]` of `dashboard.toml`, checked before the screen is drawn.

    [keys]
    history.filter = "f"
    app.quit = ["x", "ctrl+q"]

Names are those of the table of keys. A file that cannot be understood stops the start and says what is wrong:
keys that silently do something else are worse than none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from textual.keys import (
    Keys,
    _character_to_key,  # pyright: ignore[reportPrivateUsage]  # only Textual knows its names
)

from nostr_usage.errors import HomeError
from tui.keys import KEYS, Key, places_together, written
from tui.look import Keymap

FILE_NAME = "dashboard.toml"
_LENGTH_MAX = 100_000
_KEYS_MAX = 8
_MODIFIERS = ("ctrl", "alt", "shift", "super", "meta", "hyper")
_NAMED = frozenset(key.value for key in Keys)


def load_keymap(path: Path) -> Keymap:
    """The keys that the file at `path` gives; none without a file.

    Raises:
        HomeError: naming what in the file cannot be used, and what to write instead.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HomeError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HomeError(f"{path}: not UTF-8", advice="Save it as UTF-8.") from error
    try:
        return keymap_of(text)
    except HomeError as error:
        raise HomeError(f"{path}: {error.message}", advice=error.advice) from error


def keymap_of(text: str) -> Keymap:
    """The keys that `text` gives.

    Raises:
        HomeError: naming what cannot be used.
    """
    if len(text) > _LENGTH_MAX:
        raise HomeError(f"longer than {_LENGTH_MAX:,} characters")
    try:
        values: dict[str, object] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise HomeError(f"not TOML: {error}") from error
    table = values.pop("keys", {})
    if values:
        raise HomeError(
            f"unknown table or key {min(values)[:40]!r}", advice="Keys belong into the table [keys]."
        )
    if not isinstance(table, dict):
        raise HomeError("keys is not a table", advice='Write [keys], then lines such as app.quit = "x".')
    known = {key.id: key for key in KEYS}
    keymap: dict[str, tuple[str, ...]] = {}
    for name, value in _flat(cast("dict[str, object]", table)):
        if name not in known:
            raise HomeError(f"there is no action {name[:60]!r}", advice=_suggestion(name, known))
        keymap[name] = tuple(_key(name, one) for one in _listed(name, value))
    _refuse_clashes(keymap)
    return keymap


def _flat(table: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """TOML reads `history.filter` as a table in a table."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, object]", value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _listed(name: str, value: object) -> list[str]:
    keys = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = [key for key in keys if isinstance(key, str)]
    if not keys or len(texts) != len(keys) or len(keys) > _KEYS_MAX:
        raise HomeError(
            f"{name} is neither a key nor a list of 1 to {_KEYS_MAX} keys",
            advice=f'Write {name} = "x", or {name} = ["x", "ctrl+x"].',
        )
    return texts


def _key(name: str, text: str) -> str:
    """A key as Textual spells it: `/` is `slash`, `ctrl+p` stays."""
    *modifiers, last = text.split("+") if len(text) > 1 else [text]
    is_character = len(last) == 1 and last.isprintable() and last != " "
    known = _character_to_key(last) if is_character else last if last in _NAMED else None
    if known is None or any(modifier not in _MODIFIERS for modifier in modifiers):
        raise HomeError(
            f"{name}: there is no key {text[:40]!r}",
            advice="Write a character, or a name such as f5, escape, pageup, ctrl+x.",
        )
    return "+".join((*modifiers, known))


def _suggestion(name: str, known: Mapping[str, Key]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else "docs/dashboard.md lists them."


def _refuse_clashes(keymap: Keymap) -> None:
    """No key may have two meanings at one place."""
    for place in dict.fromkeys(key.where for key in KEYS):
        taken: dict[str, Key] = {}
        for key in KEYS:
            if key.where not in places_together(place):
                continue
            for one in keymap.get(key.id, key.keys.split(",")):
                other = taken.setdefault(one, key)
                is_own = key.id in keymap or other.id in keymap
                if is_own and other.action != key.action:
                    raise HomeError(
                        f"key {written(one)!r} is both {other.id} and {key.id}",
                        advice="Give one of them another key.",
                    )
