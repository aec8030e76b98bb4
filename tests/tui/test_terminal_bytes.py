"""What reaches a terminal, byte by byte: no colour where none is wanted, nothing that hostile text says."""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import UsageFormatError
from nostr_usage.home import Home
from nostr_usage.pricing.usage import MODEL_NAME_MAX, Bucket, MeasuredUsage, measured_usage
from nostr_usage.wiring import find_account, open_operator
from nostr_usage.writing.request import Action
from tests.tui.test_hostile_text import PAYLOADS
from tui.demo import NOW

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are of POSIX", allow_module_level=True)

# Only there, as said above.
import fcntl  # see above
import pty  # see above
import termios  # see above

PATIENCE_S = 30.0
# SGR with anything that is a colour: 30–49, 90–107, 38;… and 48;…; not bold, dim, reverse and their ends.
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


def drawn(
    arguments: list[str], *, until: bytes, keys: bytes = b"", environment: Mapping[str, str] | None = None
) -> bytes:
    """All that the dashboard writes to a terminal until it was shown, `keys` were typed, and it was quit."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", "from tui.app import main; main()", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})},
        start_new_session=True,
    )
    os.close(follower)
    output, waiting = b"", [keys[index : index + 1] for index in range(len(keys))]
    end = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < end:
            if select.select([leader], [], [], 0.3)[0]:
                try:
                    output += os.read(leader, 65_536)
                except OSError:  # the other end is closed: it has quit
                    break
            elif until in output:
                if not waiting:
                    os.write(leader, b"q")
                else:
                    os.write(leader, waiting.pop(0))
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
        process.wait(PATIENCE_S)
        os.close(leader)
    assert until in output, output[-2_000:]
    return output


@pytest.mark.parametrize(
    ("option", "variable"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})], ids=["option", "variable"]
)
def test_no_colour_means_none(demo_path: Path, option: list[str], variable: dict[str, str]) -> None:
    """Not a single colour code, backgrounds and greys included."""
    arguments = ["--home", str(demo_path), *option, "alice"]
    output = drawn(arguments, until=b"4,121", keys=b"2bvvvv34", environment=variable)
    assert [] == COLOUR.findall(output)


def test_the_check_for_colour_finds_colour(demo_path: Path) -> None:
    """Control: by default there are colours."""
    assert COLOUR.search(drawn(["--home", str(demo_path), "alice"], until=b"4,121"))


def test_ascii_means_ascii(demo_path: Path) -> None:
    """Every byte, on every screen."""
    output = drawn(
        ["--home", str(demo_path), "--ascii", "alice"], until=b"4,121", keys=b"2bbbvvvv$$$34lqwqmq?q"
    )
    assert output.isascii()


def _measured(name: str) -> tuple[MeasuredUsage, ...]:
    """A model that is called so, where the wire carries such a name."""
    with suppress(UsageFormatError):
        return (measured_usage(name[:MODEL_NAME_MAX], {Bucket.OUTPUT: 1}),)
    return ()


def test_hostile_text_stays_text_on_the_terminal(demo_home: Home) -> None:
    """Through every screen, none of what the payloads would have a terminal do."""
    clock = ManualClock(NOW + 60)
    with open_operator(demo_home, clock=clock) as opened:
        account = find_account(opened.store, "alice")
        for number, payload in enumerate(PAYLOADS):
            description = payload.encode("utf-8", "replace").decode("utf-8")
            opened.recorder.record(
                Action(
                    account=account,
                    activity="magic-mentor",
                    key=f"hostile {number}",
                    tokens=1,
                    description=description,
                    usage=_measured(description),
                )
            )
    output = drawn(["--home", str(demo_home.path), "alice"], until=b"4,10", keys=b"lqwq2bbbvvvv$$$3n4?q3\rq")
    # Textual ends sequences of its own with BEL, so that one is looked for where the payloads have it.
    for forbidden in (b"\x1b]52;", b"\x1b]8;", b"=\x07", b"bell\x07", b"\x00", b"\x7f", b"\x1b[31m"):
        assert forbidden not in output
    for forbidden in ("\u202e", "\u200b", "\ufeff", "\ufe0f"):
        assert forbidden.encode() not in output
