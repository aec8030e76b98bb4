"""What starting the command line loads, measured in a fresh interpreter; import-linter holds the rest."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each costs more to import than the command line may take to start, and none is needed to show a balance.
HEAVY = ("textual", "rich", "pydantic", "orjson", "websockets", "genai_prices", "cryptography", "tui")


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that are there after `statement`, in an interpreter of its own."""
    probe = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return {module.partition(".")[0] for module in done.stdout.split()}


@pytest.mark.parametrize("module", ["nostr_usage", "nostr_usage.cli.main"])
def test_starting_the_command_line_loads_nothing_heavy(module: str) -> None:
    """Neither the dashboard's framework nor what only some commands need."""
    assert set() == loaded_by(f"import {module}") & set(HEAVY)


@pytest.mark.parametrize("name", ["textual", "pydantic", "orjson", "websockets"])
def test_the_probe_sees_what_is_loaded(name: str) -> None:
    """Control: a module that is imported is reported, submodules included."""
    assert name in loaded_by(f"import {name}")
