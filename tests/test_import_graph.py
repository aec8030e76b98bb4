"""What starting the command line loads, measured in a fresh interpreter; import-linter holds the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nostr_usage.store
from tests.terminal import feed, operator_terminal

# Each costs more to import than the command line may take to start, and none is needed to show a balance.
HEAVY = ("textual", "rich", "pydantic", "orjson", "websockets", "genai_prices", "cryptography", "tui")


# What `balance` does without: it reads one row, so it must not wait for what reads events or talks to relays.
NOT_FOR_BALANCE = (
    *HEAVY,
    "asyncio",
    "coincurve",
    "nostr_usage.nostr.event",
    "platformdirs",
    "pynostr",
    "secp256k1",
    "ssl",
    "tomli_w",
)

# What a look does without, too: `balance` and `statusline` without options, as status bars run them.
NOT_FOR_A_LOOK = (
    *NOT_FOR_BALANCE,
    "click",
    "concurrent.futures",
    "dataclasses",
    "gettext",
    "importlib.metadata",
    "inspect",
    "logging",
    "nostr_usage.ledger.entry",
    "nostr_usage.ledger.fold",
    "subprocess",
    "tempfile",
    "tomllib",
    "zoneinfo",
)


def modules_after(statement: str, *arguments: str) -> set[str]:
    """The modules that are there after `statement`, in an interpreter of its own."""
    probe = f"{statement}\nimport sys\nprint('\\nMODULES', *sys.modules)"
    # Who measures coverage has modules of their own loaded before everything else.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", probe, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return set(done.stdout.rpartition("MODULES")[2].split())


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that are there after `statement`, in an interpreter of its own."""
    return {module.partition(".")[0] for module in modules_after(statement)}


@pytest.mark.parametrize("module", ["nostr_usage", "nostr_usage.cli.start"])
def test_starting_the_command_line_loads_nothing_heavy(module: str) -> None:
    """Neither the dashboard's framework nor what only some commands need."""
    assert set() == loaded_by(f"import {module}") & set(HEAVY)


@pytest.mark.parametrize("name", ["textual", "pydantic", "orjson", "websockets"])
def test_the_probe_sees_what_is_loaded(name: str) -> None:
    """Control: a module that is imported is reported, submodules included."""
    assert name in loaded_by(f"import {name}")


@pytest.mark.parametrize(
    "command", [("balance",), ("balance", "--json"), ("balance", "alice"), ("statusline",)], ids=" ".join
)
def test_balance_loads_little(tmp_path: Path, command: tuple[str, ...]) -> None:
    """It answers at once, on a home with entries; the control, which reads an event, loads what it needs."""
    operator = operator_terminal(tmp_path)
    feed(operator)
    statement = "from nostr_usage.cli.start import execute; assert execute() == 0"
    home = ("--home", str(operator.home))
    assert set() == modules_after(statement, *home, *command) & set(NOT_FOR_BALANCE)
    control = modules_after(statement, *home, "show", "1", "--account", "alice")
    assert {"orjson", "nostr_usage.nostr.event"} <= control


@pytest.mark.parametrize("command", ["balance", "statusline"])
def test_a_look_loads_less(tmp_path: Path, command: str) -> None:
    """Neither click nor dataclasses, which take longer to load than the rest; the control goes to click."""
    operator = operator_terminal(tmp_path)
    feed(operator)
    statement = "from nostr_usage.cli.start import execute; assert execute() == 0"
    home = ("--home", str(operator.home))
    assert set() == modules_after(statement, *home, command, "alice") & set(NOT_FOR_A_LOOK)
    assert {"click", "inspect"} <= modules_after(statement, *home, "balance", "alice", "--json")


def test_rows_are_made_without_compiling_their_types() -> None:
    """With postponed annotations, a named tuple compiles the type of each field again: twice the time."""
    package = Path(nostr_usage.store.__file__).parent
    texts = {path.name: path.read_text("utf-8") for path in package.glob("*.py")}
    rows = {name for name, text in texts.items() if "(NamedTuple)" in text}
    assert len(rows) > 10
    assert set() == {name for name in rows if "from __future__ import annotations" in texts[name]}
