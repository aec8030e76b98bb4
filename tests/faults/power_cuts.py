"""Power cuts: the writes of a program, replayed up to any moment, as a disk may have kept them.

What was synced is kept. Every later write is kept, lost, or kept in some of its sectors; a new file, or a
removed one, may be forgotten until its directory was synced. What a program said before must hold.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.acknowledging import Damage, damage_of
from tests.faults.strace import lines_of, run_traced
from tests.faults.twenty_entries import KEYS, acknowledged_in

CALLS = (
    "openat",
    "close",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "ftruncate",
    "unlink",
    "rename",
    "link",
)
SECTOR_BYTES = 512
SHARED_MEMORY = "-shm"
"""Files that are no files: SQLite makes them anew when it is the first to open a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Bytes for a file, at an offset; a truncation, where `data` is None."""

    file: int
    offset: int
    data: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """All that was written to a file has reached the disk; to a directory, where `file` is None."""

    file: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A file has got a name; a name has gone, where `file` is None."""

    name: str
    file: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The program said a line."""

    line: str


Step = Write | Sync | Name | Said


@dataclass(slots=True)
class Recording:
    """What a program did to the files of a directory, in order; files are numbered, `start` has the first."""

    start: dict[str, bytes]
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def moments(self) -> int:
        """How many moments there are at which the power may fail."""
        return len(self.steps) + 1


def record(founded: Path, directory: Path, *changes: str) -> Recording:
    """Run the program that makes twenty entries, without a relay, on a copy of a ledger."""
    shutil.copytree(founded, directory)
    start = {path.name: path.read_bytes() for path in sorted(directory.iterdir())}
    run = run_traced(
        ["tests.faults.twenty_entries", str(directory), "ws://127.0.0.1:1/", *changes],
        directory=directory,
        calls=CALLS,
        has_data=True,
    )
    assert run.exit_code == 0, run.errors
    assert len(KEYS) == len(acknowledged_in(run.output)), run.output
    return _Replay(start, directory).read(run.log)


def damage_by_cut(
    recording: Recording, *, seed: int, directory: Path, is_thorough: bool = False
) -> tuple[int, Damage]:
    """The moment at which `seed` cuts the power, and what is then wrong with what the disk has kept."""
    random = Random(seed)
    moment = random.randrange(recording.moments)
    directory.mkdir()
    for name, data in kept(recording, moment, random).items():
        (directory / name).write_bytes(data)
        (directory / name).chmod(0o600)
    said = [step.line for step in recording.steps[:moment] if isinstance(step, Said)]
    damage = damage_of(
        directory,
        relays=("ws://127.0.0.1:1/",),
        acknowledged=acknowledged_in("\n".join(said)),
        attempted=KEYS if is_thorough else (),
    )
    shutil.rmtree(directory)
    return moment, damage


def kept(recording: Recording, moment: int, random: Random) -> dict[str, bytes]:
    """The files that a disk may have after the steps before `moment`."""
    steps = recording.steps[:moment]
    names = {name: number for number, name in enumerate(recording.start)}
    synced_at = {step.file: place for place, step in enumerate(steps) if isinstance(step, Sync)}
    for place, step in enumerate(steps):
        if isinstance(step, Name) and (place < synced_at.get(None, -1) or random.random() < 0.5):
            if step.file is None:
                names.pop(step.name, None)
            else:
                names[step.name] = step.file
    contents = {number: bytearray(data) for number, data in enumerate(recording.start.values())}
    is_unlucky = random.random() < 0.5
    for place, step in enumerate(steps):
        if isinstance(step, Write):
            is_synced = place < synced_at.get(step.file, -1)
            _write(contents.setdefault(step.file, bytearray()), step, is_synced, is_unlucky, random)
    files = {name: bytes(contents.get(file, b"")) for name, file in names.items()}
    return {name: data for name, data in files.items() if not name.endswith(SHARED_MEMORY)}


def _write(content: bytearray, step: Write, is_synced: bool, is_unlucky: bool, random: Random) -> None:  # noqa: FBT001  # both are facts of the disk
    """Do to `content` as much of a write as the disk has done."""
    outcome = 1.0 if is_synced else random.random() * (0.5 if is_unlucky else 1.0)
    if outcome < 0.3:
        return
    if step.data is None:
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
        return
    content.extend(bytes(max(0, step.offset + len(step.data) - len(content))))
    for start in range(0, len(step.data), SECTOR_BYTES):
        if outcome > 0.5 or random.random() < 0.5:
            piece = step.data[start : start + SECTOR_BYTES]
            content[step.offset + start : step.offset + start + len(piece)] = piece


class _Replay:
    """Reads a log of strace: descriptors and names become numbered files."""

    def __init__(self, start: dict[str, bytes], directory: Path) -> None:
        self._recording = Recording(start)
        self._directory = directory
        self._names = {name: number for number, name in enumerate(start)}
        self._files = len(start)
        self._open: dict[str, int | None] = {}

    def read(self, log: str) -> Recording:
        for _, text in lines_of(log):
            found = _CALL.fullmatch(text)
            if found is not None and not found["result"].startswith("-1"):
                self._take(found["call"], _arguments(found["arguments"]), found["result"].split()[0])
        return self._recording

    def _take(self, call: str, arguments: Sequence[str], result: str) -> None:
        match call:
            case "openat":
                self._open_file(_text(arguments[1]), arguments[2], result)
            case "close":
                self._open.pop(arguments[0], None)
            case "write" if arguments[0] == "1":
                self._add(*(Said(line=line) for line in _text(arguments[1]).splitlines()))
            case "pwrite64" | "ftruncate":
                self._write(call, arguments)
            case "fsync" | "fdatasync":
                self._add(Sync(file=self._open[arguments[0]]))
            case "unlink":
                name = Path(_text(arguments[0])).name
                self._names.pop(name, None)
                self._add(Name(name=name, file=None))
            case _:
                raise AssertionError(f"what does {call} do to files?")

    def _open_file(self, path: str, flags: str, descriptor: str) -> None:
        if Path(path) == self._directory:
            self._open[descriptor] = None
            return
        name = Path(path).name
        if name not in self._names and "O_CREAT" in flags:
            self._names[name] = self._files
            self._files += 1
            self._add(Name(name=name, file=self._names[name]))
        if name in self._names:
            self._open[descriptor] = self._names[name]

    def _write(self, call: str, arguments: Sequence[str]) -> None:
        file = self._open[arguments[0]]
        assert file is not None, "bytes for a directory"
        if call == "ftruncate":
            self._add(Write(file=file, offset=int(arguments[1]), data=None))
        else:
            self._add(Write(file=file, offset=int(arguments[3]), data=_bytes(arguments[1])))

    def _add(self, *steps: Step) -> None:
        self._recording.steps.extend(steps)


def _arguments(text: str) -> list[str]:
    """The arguments of a call; with -xx no text in it has a comma or a quote of its own."""
    return [part.strip() for part in text.split(",")]


def _bytes(argument: str) -> bytes:
    value = ast.literal_eval(f"b{argument}")
    assert isinstance(value, bytes)
    return value


def _text(argument: str) -> str:
    return _bytes(argument).decode()


_CALL = re.compile(r"(?P<call>\w+)\((?P<arguments>.*)\)\s*=\s*(?P<result>.*)", re.DOTALL)
