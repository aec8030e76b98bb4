"""A program that makes twenty entries and publishes them: what system-call faults and power cuts happen to.

    python -m tests.faults.twenty_entries DIRECTORY RELAY [hasty] [PRAGMA …]

It says `kept KEY SHA256` once a call has returned, and `failed KEY MESSAGE` where one has raised an error of
ours. Any other error is a traceback and exit code 1. For controls there are pragmas, and a hasty program,
which says yes before the commit.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

from nostr_usage.errors import NostrUsageError
from nostr_usage.publish import publish_due
from nostr_usage.store import database
from tests.faults.acknowledging import LOCAL, accounts_of, action_of, digest, say_yes_too_early
from tests.operators import operator_in

ENTRIES = 20
SITTINGS = 2
HASTY = "hasty"
KEYS = tuple(f"entry-{number}" for number in range(ENTRIES))


def main(directory: Path, relay: str, changes: Sequence[str]) -> int:
    """Make the entries in two sittings, so that the store is closed, and the log taken in, on the way."""
    for change in changes:
        if change != HASTY:
            _always(change)
    for sitting in range(SITTINGS):
        try:
            _sit(directory, relay, KEYS[sitting::SITTINGS], is_hasty=HASTY in changes)
        except NostrUsageError as error:
            say(f"failed sitting-{sitting} {error}")
    return 0


def _sit(directory: Path, relay: str, keys: Sequence[str], *, is_hasty: bool) -> None:
    with operator_in(directory, relays=(relay,)) as operator:
        if is_hasty:
            say_yes_too_early(operator, lambda receipt: say(f"kept {key} {digest(receipt)}"))
        accounts = accounts_of(operator.store)
        for key in keys:
            try:
                receipt = operator.recorder.record(action_of(key, accounts))
            except NostrUsageError as error:
                say(f"failed {key} {error}")
            else:
                if not is_hasty:
                    say(f"kept {key} {digest(receipt)}")
        asyncio.run(
            publish_due(operator.store, relays=(relay,), policy=LOCAL, clock=operator.clock, random=Random(1))
        )


def say(line: str) -> None:
    """One line in one call, so that no death cuts it in two."""
    os.write(1, f"{line}\n".encode())


def acknowledged_in(output: str) -> dict[str, str]:
    """What the program said is kept."""
    words = (line.split() for line in output.splitlines())
    return {key: bytes_of for verb, key, bytes_of, *_ in words if verb == "kept"}


def _always(pragma: str) -> None:
    """For controls: connections of this process with a pragma of their own."""
    connect = database.connect

    def connect_otherwise(path: Path) -> object:
        connection = connect(path)
        connection.execute(f"PRAGMA {pragma}")
        return connection

    for module in ("database", "store"):
        vars(sys.modules[f"nostr_usage.store.{module}"])["connect"] = connect_otherwise


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
