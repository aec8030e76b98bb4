"""A copy of a store while others write to it, which knows that it is one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from nostr_usage.durable import sync_directory
from nostr_usage.errors import HomeError
from nostr_usage.store.database import connect, home_error
from nostr_usage.store.outbox import MUST_RECOVER


def copy_store(source: Path, target: Path) -> None:
    """Copy the store at `source` as it is now into a new file, readable by its owner only.

    The copy is complete and on the disk, or it is not there. It says of itself that it must recover before it
    signs anything: whoever puts it in the place of its original has missed what was written since.

    Raises:
        HomeError: if there is a file at `target` already, or it cannot be written.
    """
    import tempfile  # noqa: PLC0415 (not needed to ask for a balance)

    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.")
        os.close(handle)
        try:
            with (
                contextlib.closing(connect(source)) as original,
                contextlib.closing(connect(Path(name))) as copy,
            ):
                original.backup(copy)
                copy.execute(
                    "INSERT INTO settings (name, value) VALUES (?, 'it is a backup that was restored')"
                    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (MUST_RECOVER,),
                )
            os.link(name, target)
            sync_directory(target.parent)
        finally:
            Path(name).unlink()
    except sqlite3.Error as error:
        raise home_error(target, error) from error
    except FileExistsError:
        raise HomeError(f"{target} is there already", advice="Name a file that is not.") from None
    except OSError as error:
        raise HomeError(f"cannot write {target}: {error.strerror}", advice="Name another place.") from error
