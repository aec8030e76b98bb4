"""A system call that fails, or is the last thing that a program does, in the midst of twenty entries."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.acknowledging import UNHURT, Damage, damage_of, drain
from tests.faults.strace import FILE_CALLS, SOCKET_CALLS, Fault, call_counts, run_traced
from tests.faults.twenty_entries import KEYS, acknowledged_in
from tests.operators import operator_in

PROGRAM = "tests.faults.twenty_entries"
_WOKEN_IN_VAIN = "Exception in callback BaseSelectorEventLoop._read_from_self()"
"""What asyncio writes, and outlives, when the socket with which it wakes itself fails."""
_WAKING = re.compile(r'"\\0", 1, .*INJECTED')
"""A thread that wakes the event loop: asyncio takes no notice when that fails, and sleeps on."""
OUTCOMES = ("EIO", "ENOSPC", "SIGKILL")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReport:
    """What one fault did.

    Attributes:
        crashed: the end of a traceback, if there was one.
        acknowledged: how many entries were.
        complaints: what the program said of what failed.
    """

    fault: Fault
    damage: Damage
    crashed: str
    is_drained: bool
    acknowledged: int
    complaints: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, doubled or broken, and every error was one of ours."""
        return self.damage == UNHURT and not self.crashed and self.is_drained


def faults_of(founded: Path, *, directory: Path, relay: str) -> Iterator[Fault]:
    """Every fault at every call: what the program does undisturbed tells which there are."""
    counts: Counter[str] = Counter()
    for calls, is_about_files in ((FILE_CALLS, True), (SOCKET_CALLS, False)):
        _copy(founded, directory)
        run = run_traced(
            [PROGRAM, str(directory), relay], directory=directory, calls=calls, is_about_files=is_about_files
        )
        assert len(KEYS) == len(acknowledged_in(run.output)), run.errors
        counts += call_counts(run.log)
    for call in (*FILE_CALLS, *SOCKET_CALLS):
        for when in range(1, counts[call] + 1):
            for outcome in OUTCOMES:
                yield Fault(call=call, outcome=outcome, when=when)


def suffer(founded: Path, fault: Fault, *, directory: Path, relay: str, changes: str = "") -> FaultReport:
    """Run the program with one fault, on a copy of the ledger that was founded; then look at the copy."""
    _copy(founded, directory)
    run = run_traced(
        [PROGRAM, str(directory), relay, *changes.split()],
        directory=directory,
        calls=(fault.call,),
        fault=fault,
        is_about_files=fault.call in FILE_CALLS,
    )
    has_crashed = "Traceback" in run.errors and not run.errors.startswith(_WOKEN_IN_VAIN)
    crashed = run.errors[-600:] if has_crashed or run.exit_code not in {0, -9, 137} else ""
    if run.is_hung and not _WAKING.search(run.log):
        crashed = "it hangs"
    acknowledged = acknowledged_in(run.output)
    damage = damage_of(directory, relays=(relay,), acknowledged=acknowledged, attempted=KEYS)
    with operator_in(directory, relays=(relay,)) as operator:
        is_drained = asyncio.run(drain(operator, relay))
    return FaultReport(
        fault=fault,
        damage=damage,
        crashed=crashed,
        is_drained=is_drained,
        acknowledged=len(acknowledged),
        complaints=tuple(line for line in run.output.splitlines() if line.startswith("failed")),
    )


def _copy(founded: Path, directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(founded, directory)
