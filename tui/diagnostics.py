"""What a bug report should say: versions, backends, home, store, relays. No keys, no balances, no text."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

from nostr_usage.cli.shell import own_version
from nostr_usage.nostr.schnorr import available_backends
from nostr_usage.wiring import ReaderHome

_RELAYS_MAX = 20
Facts = tuple[tuple[str, str], ...]


def diagnostics(opened: ReaderHome) -> Facts:
    """Names and values, in the order in which they are read."""
    with opened.store.read() as reader:
        entries = reader.entry_count()
        relays = tuple(row.url for row in reader.relays())
    facts = [
        ("nostr-usage", own_version()),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("Textual", metadata.version("textual")),
        ("Signatures", ", then ".join(available_backends())),
        ("Home", _short(opened.home.path)),
        ("Role", opened.settings.role.value),
        ("Kinds", ", ".join(map(str, opened.settings.kinds))),
        ("Catalogue", opened.settings.catalogue),
        ("Entries", f"{entries:,}"),
        ("Store", f"{_bytes_of(opened.home.store_path):,} bytes"),
    ]
    facts += [("Relay", url) for url in relays[:_RELAYS_MAX]] or [("Relay", "none named in the store")]
    return tuple(facts)


def _short(path: Path) -> str:
    """The user's own name is nobody's business."""
    try:
        return f"~/{path.absolute().relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path.absolute())


def _bytes_of(path: Path) -> int:
    """The database with what is not merged into it yet."""
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
