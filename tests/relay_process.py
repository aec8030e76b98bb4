"""The embedded relay as a process of its own, as a person would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

COMMAND = [sys.executable, "-c", "from nostr_usage.cli.start import run; run()"]
STOP_TIMEOUT_S = 10


@contextmanager
def relay_process(database: Path, *, port: int = 0) -> Generator[str]:
    """Gives the URL of a relay on loopback; it has ended, in order, when the block has."""
    command = [*COMMAND, "relay", "--port", str(port), "--db", str(database), "--json"]
    # In a session of its own: Ctrl-C ends those who use it, who then end it in order.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        announced = "".join(iter(process.stdout.readline, "}\n")) + "}"
        try:
            yield str(json.loads(announced)["url"])
        finally:
            process.terminate()
            assert process.wait(STOP_TIMEOUT_S) == 0, "the relay did not stop in order"
