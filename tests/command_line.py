"""The commands of this checkout on a PATH of their own, installed or not, for tests of whole processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENTRY_POINTS = {"nostr-usage": ("nostr_usage.cli.start", "run"), "nostr-usage-tui": ("tui.app", "main")}


def environment_with_commands(directory: Path) -> dict[str, str]:
    """An environment in which `nostr-usage` and `nostr-usage-tui` are those of this checkout."""
    directory.mkdir()
    for name, (module, function) in ENTRY_POINTS.items():
        script = directory / name
        script.write_text(
            f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
        )
        script.chmod(0o700)
    return {
        **os.environ,
        "PATH": os.pathsep.join((str(directory), os.environ.get("PATH", os.defpath))),
        "PYTHONPATH": str(ROOT),
    }
