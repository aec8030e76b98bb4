#!/usr/bin/env python3
"""A write policy for strfry: takes events of the authors in authors.txt beside this file, and no deletions.

strfry writes one JSON object a line to standard input and waits for one on standard output (its documentation
calls this an event-sifter plugin). Nothing but Python is needed; strfry restarts it when the file changes.

authors.txt holds one public key a line, 64 lowercase hex digits; text after # is a comment. It is read for
every event, so a new ledger key needs no restart.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TextIO, cast

AUTHORS = Path(__file__).with_name("authors.txt")
# Deletion (NIP-09) and vanishing (NIP-62): a stolen key must not be able to empty the relay.
REFUSED_KINDS = frozenset({5, 62})
# Labels by anybody: witnesses, disputes, reports of a fork. Small, and the reason to trust the rest.
OPEN_KINDS = frozenset({1985})


def decide(event: Mapping[str, object], authors: AbstractSet[str]) -> tuple[str, str]:
    """The action for strfry, `accept` or `reject`, and the reason."""
    if event.get("kind") in REFUSED_KINDS:
        return "reject", "blocked: a ledger is not deleted"
    if event.get("kind") in OPEN_KINDS or event.get("pubkey") in authors:
        return "accept", ""
    return "reject", "blocked: only the keys of the ledger write here"


def read_authors(path: Path) -> frozenset[str]:
    """The public keys in the file; none if it cannot be read, so that a mistake opens nothing."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(key for line in lines if (key := line.partition("#")[0].strip()))


def answer(line: str, authors: AbstractSet[str]) -> str | None:
    """The line for strfry; None for a line that is no new event."""
    request = _object(line)
    if request.get("type") != "new" or not isinstance(request.get("event"), dict):
        return None
    event = cast("dict[str, object]", request["event"])
    action, reason = decide(event, authors)
    return json.dumps({"id": event.get("id"), "action": action, "msg": reason}, separators=(",", ":"))


def _object(line: str) -> dict[str, object]:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def main(requests: TextIO, answers: TextIO, authors_path: Path = AUTHORS) -> None:
    """Answer every line, one by one, until there are no more."""
    for line in requests:
        decided = answer(line, read_authors(authors_path))
        if decided is not None:
            answers.write(decided + "\n")
            answers.flush()


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
