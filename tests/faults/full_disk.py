"""A disk with little room: a small filesystem where one can be mounted, a limit on file sizes anywhere."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from nostr_usage.errors import NostrUsageError
from tests.faults.acknowledging import (
    Damage,
    accounts_of,
    action_of,
    damage_of,
    digest,
    found_ledger,
    say_yes_too_early,
)
from tests.operators import OperatorOfTests, operator_in

RELAYS = ("ws://127.0.0.1:1/",)
CALLS_MAX = 3_000
REFUSALS = 5
AFTERWARDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FullDiskReport:
    """How a ledger took a full disk.

    Attributes:
        kept: how many entries were acknowledged before the first refusal.
        refusals: the messages of the calls that were refused.
        is_readable: whether the ledger could be read while the disk was full.
        kept_afterwards: how many of the calls succeeded once there was room again.
    """

    kept: int
    refusals: tuple[str, ...]
    is_readable: bool
    kept_afterwards: int
    damage: Damage


def fill(directory: Path, *, make_room: Callable[[], None], is_hasty: bool = False) -> FullDiskReport:
    """Record until it is refused, and some more; make room; record again; look at what is there."""
    acknowledged: dict[str, str] = {}
    refusals: list[str] = []
    attempted = [f"entry-{number}" for number in range(CALLS_MAX)]
    with operator_in(directory, relays=RELAYS) as operator:
        keys = iter(attempted)
        while len(refusals) < REFUSALS:
            _record(operator, next(keys), acknowledged, refusals, is_hasty=is_hasty)
        before = len(acknowledged)
        with operator.store.read() as reader:
            is_readable = reader.entry_count() >= before
        make_room()
        for _ in range(AFTERWARDS):
            _record(operator, next(keys), acknowledged, refusals, is_hasty=False)
    used = attempted[: len(acknowledged) + len(refusals)]
    return FullDiskReport(
        kept=before,
        refusals=tuple(refusals),
        is_readable=is_readable,
        kept_afterwards=len(acknowledged) - before,
        damage=damage_of(directory, relays=RELAYS, acknowledged=acknowledged, attempted=used),
    )


def _record(
    operator: OperatorOfTests,
    key: str,
    acknowledged: dict[str, str],
    refusals: list[str],
    *,
    is_hasty: bool,
) -> None:
    def say(receipt_digest: str) -> None:
        acknowledged[key] = receipt_digest

    action = action_of(key, accounts_of(operator.store))
    if is_hasty:
        say_yes_too_early(operator, lambda receipt: say(digest(receipt)))
    try:
        receipt = operator.recorder.record(action)
    except NostrUsageError as error:
        refusals.append(f"{error} {error.advice}")
    else:
        say(digest(receipt))


def fill_limited(directory: Path, sending: Connection) -> None:
    """The same in a process whose files may not grow beyond what they are, plus a little."""
    found_ledger(directory, relays=RELAYS)
    with operator_in(directory, relays=RELAYS) as operator:
        operator.store.write(lambda transaction: transaction.set_setting("warm", "yes"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        largest = max(path.stat().st_size for path in directory.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 3_000_000, hard))
    report = fill(directory, make_room=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)))
    sending.send(report)


@contextmanager
def small_disk(directory: Path, *, size_bytes: int) -> Generator[str]:
    """Mount a small filesystem in `directory`; gives why not, if that is not allowed here."""
    directory.mkdir()
    if os.name != "posix" or shutil.which("mount") is None or os.geteuid() != 0:
        yield "only root can mount a small disk"
        return
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "none", str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        yield f"no small disk can be mounted here: {mounted.stderr.strip()}"
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", str(directory)], check=True)
