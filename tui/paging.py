"""Text in the pager of the user, who can search and keep it there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

from nostr_usage.errors import InputError

PAGER_DEFAULT = "less"


def page(text: str) -> None:
    """Show `text` in `$PAGER`, else in less, until the user leaves it.

    Raises:
        InputError: if there is no such program.
    """
    wish = os.environ.get("PAGER") or PAGER_DEFAULT
    try:
        name, *arguments = shlex.split(wish)
    except ValueError:
        name, arguments = wish, []
    program = shutil.which(name)
    if program is None:
        raise InputError(f"there is no pager {name[:40]!r} here", advice="Set PAGER to a program that is.")
    # The user's own choice of program; text goes through a pipe, so none of it is ever an argument.
    subprocess.run([program, *arguments], input=text, text=True, check=False)  # noqa: S603  # see above
