"""Accounts with several meters, changed plans, gifts and levels: published, and rebuilt by a stranger."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.relay_process import COMMAND, relay_process


def run(home: Path, *arguments: str) -> str:
    """What one command prints; it must end well."""
    finished = subprocess.run(
        [*COMMAND, "--home", str(home), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert 0 == finished.returncode, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module", name="relay")
def one_relay(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A relay in a process of its own."""
    with relay_process(tmp_path_factory.mktemp("relay") / "relay.sqlite") as url:
        yield url


def balances(home: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """What is left, and how many entries say so, by account and meter."""
    rows: list[dict[str, Any]] = json.loads(run(home, "balance", "--json"))
    return {(row["account"], row["meter"]): (row["tokens"], row["as_of_seq"]) for row in rows}


def rebuilt(operator: Path, directory: Path, relay: str) -> Path:
    """The home of somebody who knows the root key and the relay, after two syncs and an audit."""
    run(operator, "publish")
    settings = (operator / "settings.toml").read_text()
    root = next(line.split('"')[1] for line in settings.splitlines() if line.startswith("root_pubkey"))
    follower = directory / "follower"
    run(follower, "follow", root, "--relay", relay)
    run(follower, "sync")
    assert "0 new entries" in run(follower, "sync")
    run(follower, "audit")
    return follower


def test_five_meters_are_rebuilt_from_a_relay(tmp_path: Path, relay: str) -> None:
    """Each with its own chain; an account's later `open` entries are no accounts of their own."""
    operator = tmp_path / "operator"
    run(operator, "init", "--relay", relay, "--catalogue", "bright_audio")
    for name in ("acme", "other"):
        run(operator, "account", "new", name, "--plan", "pro")
    run(operator, "record", "acme", "generate_goal", "--actor", "ann", "--key", "g1")
    run(operator, "plan", "acme", "enterprise", "--key", "u1")
    run(operator, "gift", "acme", "other", "7", "--meter", "forecast", "--key", "gift-1")

    follower = rebuilt(operator, tmp_path, relay)
    assert balances(operator) == balances(follower)
    assert 10 == len(balances(follower))


def test_levels_and_charge_backs_are_rebuilt_from_a_relay(tmp_path: Path, relay: str) -> None:
    """A stream that was opened later, and a grant that was taken back and given again."""
    operator = tmp_path / "operator"
    run(operator, "init", "--relay", relay, "--catalogue", "koffers")
    run(operator, "account", "new", "alice", "--plan", "starter")
    run(operator, "level", "alice", "storage", "750", "--key", "s1")
    bought = json.loads(run(operator, "buy", "alice", "addon-50k", "--key", "p1", "--json"))["entry_id"]
    reversal = json.loads(run(operator, "reverse", bought, "--key", "r1", "--json"))["entry_id"]
    run(operator, "restore", reversal, "--key", "w1")
    run(operator, "memo", "alice", "chat", "99", "--key", "m1")
    run(operator, "account", "new", "bob", "--plan", "demo")

    follower = rebuilt(operator, tmp_path, relay)
    assert balances(operator) == balances(follower)
    assert {(100_000, 7), (0, 2), (30, 3)} == set(balances(follower).values())
