"""Programs under strace: what they asked of the system, and the system failing them where a test wants it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = (
    "ledger.sqlite",
    "ledger.sqlite-wal",
    "ledger.sqlite-shm",
    "ledger.sqlite-journal",
    "accounts.sqlite",
    "accounts.sqlite-wal",
    "accounts.sqlite-journal",
)
FILE_CALLS = ("openat", "pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "mmap", "pread64")
SOCKET_CALLS = ("socket", "connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown")
TIMEOUT_S = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What becomes of the call number `when` (1, 2 …) of one sort: an error, or death by SIGKILL."""

    call: str
    outcome: str
    when: int

    @property
    def injection(self) -> str:
        """What strace calls it."""
        how = f"signal={self.outcome}" if self.outcome == "SIGKILL" else f"error={self.outcome}"
        return f"{self.call}:{how}:when={self.when}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a program said, and what it asked of the system; a program that hung was killed."""

    output: str
    errors: str
    log: str
    exit_code: int
    is_hung: bool


@cache
def why_not() -> str:
    """Why programs cannot be traced here; empty if they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    try:
        tried = subprocess.run(
            ["strace", "-f", "--seccomp-bpf", "-e", "trace=none", "true"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "strace does not answer"
    return "" if tried.returncode == 0 else f"strace may not trace: {tried.stderr.strip()[:200]}"


def run_traced(
    arguments: Sequence[str],
    *,
    directory: Path,
    calls: Sequence[str],
    fault: Fault | None = None,
    has_data: bool = False,
    is_about_files: bool = True,
) -> Run:
    """Run a Python module on the ledger in `directory`; its answers and the log go into files beside it.

    Only calls about the ledger's files are seen, or all calls, if `is_about_files` is False.
    """
    output, log = _beside(directory, "output"), _beside(directory, "strace")
    paths = [*(directory / name for name in FILES), directory, output] if is_about_files else []
    command = ["strace", "-f", "--seccomp-bpf", "-o", str(log), "-e", f"trace={','.join(calls)}"]
    command += [part for path in paths for part in ("-P", str(path))]
    command += ["-xx", "-s", "1000000"] if has_data else []
    command += ["-e", f"inject={fault.injection}"] if fault else []
    with (
        output.open("wb") as answers,
        subprocess.Popen(
            [*command, sys.executable, "-m", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=answers,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        ) as running,
    ):
        try:
            _, errors = running.communicate(timeout=TIMEOUT_S)
            is_hung = False
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            _, errors = running.communicate()
            is_hung = True
    return Run(
        output=output.read_text(),
        errors=errors.decode(errors="replace"),
        log=log.read_text(),
        exit_code=running.returncode,
        is_hung=is_hung,
    )


def call_counts(log: str) -> Counter[str]:
    """How often each call was made, by the thread that made it most often: strace counts by thread."""
    by_thread: dict[str, Counter[str]] = {}
    for thread, text in lines_of(log):
        by_thread.setdefault(thread, Counter())[text.partition("(")[0]] += 1
    most: Counter[str] = Counter()
    for counts in by_thread.values():
        most |= counts
    return most


def lines_of(log: str) -> Iterator[tuple[str, str]]:
    """Thread and text of each call, in the order in which the calls ended."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        thread, _, text = line.partition(" ")
        text = text.strip()
        if text.endswith("<unfinished ...>"):
            begun[thread] = text.removesuffix("<unfinished ...>").rstrip()
        elif found := _RESUMED.match(text):
            yield thread, begun.pop(thread, "") + found[1]
        elif _CALL.match(text):
            yield thread, text


def _beside(directory: Path, what: str) -> Path:
    return directory.with_name(f"{directory.name}.{what}")


_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_CALL = re.compile(r"\w+\(")
