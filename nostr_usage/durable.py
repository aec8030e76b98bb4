"""Names that survive a power cut: a file is only as durable as its directory's entry for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Have the names in a directory reach the disk, where the system lets directories be synced.

    Raises:
        OSError: if the disk fails.
    """
    if os.name != "posix":
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return  # one may write to a directory that one may not read
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a filesystem that knows no such thing
            raise
    finally:
        os.close(descriptor)
