"""A program on a terminal of its own, as a user would start it: typed at, read, and measured from outside.

What it used is asked of Linux: processor time of all its threads, and resident memory.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROWS, COLUMNS = 40, 120
PATIENCE_S = 120.0
QUIET_S = 0.4
# A pager that ends at once: nobody is there to leave it.
_TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "PAGER": "true"}


class Screen:
    """A program on a terminal of its own; use it as a context manager."""

    def __init__(self, *arguments: str) -> None:
        self._leader, follower = pty.openpty()
        self.resize(ROWS, COLUMNS)
        environment = {**os.environ, **_TERMINAL}
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=environment,
            start_new_session=True,
        )
        os.close(follower)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._leader)

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._leader, keys)

    def until(self, text: bytes = b"") -> None:
        """Read what is drawn until `text` is, or until anything is."""
        shown, end = b"", time.monotonic() + PATIENCE_S
        while not shown or text not in shown:
            if time.monotonic() > end or not (data := self._read(PATIENCE_S)):
                raise AssertionError(f"{text!r} was not drawn; at the end was {shown[-2_000:]!r}")
            shown += data

    def settle(self) -> None:
        """Read until nothing is drawn for a while."""
        while self._read(QUIET_S):
            pass

    def watch(self, seconds: float) -> int:
        """Read for so long; how many bytes were drawn."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            count += len(self._read(left))
        return count

    def cpu_ms(self) -> float:
        """Processor time of all threads since the start, those that have ended too."""
        # The clock of another process (clock_getcpuclockid(3)): Python gives no name to it.
        clock = (~self._process.pid << 3) | 2
        return time.clock_gettime(clock) * 1_000

    def resident_mb(self) -> float:
        """Resident memory, in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._leader], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._leader, 65_536)
        except OSError:  # the other end is closed
            return b""
