"""`plan|buy|gift|reverse|restore|level|memo`: what changes an account besides its actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nostr_usage.cli.output import ExitCode
from tests.operators import DAY_S, FEBRUARY_1
from tests.terminal import Terminal, operator_terminal


@pytest.fixture(name="suite")
def suite_with_five_meters(tmp_path: Path) -> Terminal:
    """An operator of the catalogue with five meters, and an organisation on Pro."""
    terminal = operator_terminal(tmp_path, "--catalogue", "bright_audio")
    terminal.run("account", "new", "acme", "--plan", "pro")
    return terminal


@pytest.fixture(name="service")
def default_service(tmp_path: Path) -> Terminal:
    """An operator of the default catalogue, with two accounts."""
    terminal = operator_terminal(tmp_path)
    terminal.run("account", "new", "alice")
    terminal.run("account", "new", "bob")
    return terminal


def left(terminal: Terminal, account: str) -> dict[str, int]:
    """What is left by meter."""
    found: Any = terminal.run("balance", account, "--json").json
    views: list[dict[str, Any]] = [found] if "meter" in found else found
    return {view["meter"]: view["tokens"] for view in views}


def test_an_upgrade_holds_at_once(suite: Terminal) -> None:
    """With the difference in every meter."""
    changed = suite.run("plan", "acme", "enterprise", "--key", "u1", "--json").json
    assert ("enterprise", True) == (changed["plan"], changed["is_effective"])
    assert {
        "lead_generation": 500,
        "goal_generation": 200,
        "strategy_analysis": 1_000,
        "forecast": 200,
        "general": 0,
    } == left(suite, "acme")
    assert suite.run("plan", "acme", "enterprise", "--key", "u1", "--json").json["is_repeat"]


def test_a_downgrade_and_an_end_wait_for_the_boundary(suite: Terminal) -> None:
    """The moment is said, with its zone."""
    outcome = suite.run("plan", "acme", "starter", "--key", "d1")
    assert "acme: starter from 2026-03-03 00:00:00 UTC" in outcome.out
    outcome = suite.run("plan", "acme", "--end", "--key", "e1")
    assert "acme: no plan from 2026-03-03 00:00:00 UTC" in outcome.out
    suite.clock.set(FEBRUARY_1 + 31 * DAY_S)
    suite.run("tick", "acme")
    assert 0 == sum(left(suite, "acme").values())
    assert suite.run("account", "list", "--json").json[0]["plan"] is None


@pytest.mark.parametrize(
    "arguments", [("acme",), ("acme", "pro", "--end"), ("acme", "gold"), ("nobody", "pro")]
)
def test_a_plan_is_named_once_and_known(suite: Terminal, arguments: tuple[str, ...]) -> None:
    """Everything else is bad input."""
    suite.run("plan", *arguments, "--key", "k", code=ExitCode.BAD_INPUT)


def test_packs_are_bought_at_the_catalogues_price(suite: Terminal) -> None:
    """Five at once cost a tenth less; the same key buys them once."""
    bought = suite.run("buy", "acme", "leads-50", "--count", "5", "--key", "p1", "--json").json
    assert (250, 22_500_000, "purchase") == (
        bought["tokens"],
        bought["cost"]["micro_dollars"],
        bought["type"],
    )
    assert suite.run("buy", "acme", "leads-50", "--count", "5", "--key", "p1", "--json").json["is_repeat"]
    assert 300 == left(suite, "acme")["lead_generation"]
    suite.run("buy", "acme", "pack-10", "--key", "p2", code=ExitCode.BAD_INPUT)


def test_a_gift_moves_tokens(service: Terminal) -> None:
    """More than there is moves nothing."""
    outcome = service.run("gift", "alice", "bob", "500", "--key", "g1")
    assert "4,500 left" in outcome.out
    assert "5,500 left" in outcome.out
    service.run("gift", "alice", "bob", "4501", "--key", "g2", code=ExitCode.REFUSED)
    assert "gift" == service.run("gift", "alice", "bob", "500", "--key", "g1", "--json").json["type"]


def test_a_charge_back_and_a_won_dispute(service: Terminal) -> None:
    """What was bought goes, and comes back."""
    bought = service.run("buy", "alice", "pack-10", "--key", "p1", "--json").json["entry_id"]
    reversal = service.run("reverse", bought[:12], "--key", "r1", "--json").json
    assert ("charge_back", 5_000) == (reversal["type"], reversal["balance"]["total"])
    assert "10,800 left" in service.run("restore", reversal["entry_id"][:12], "--key", "w1").out
    service.run("restore", reversal["entry_id"][:12], "--key", "w2", code=ExitCode.REFUSED)
    service.run("reverse", bought[:12], "5801", "--key", "r2", code=ExitCode.REFUSED)


def test_a_level_above_its_limit_is_a_problem(tmp_path: Path) -> None:
    """It is noted all the same: it is a fact."""
    terminal = operator_terminal(tmp_path, "--catalogue", "koffers")
    terminal.run("account", "new", "alice", "--plan", "starter")
    assert "storage 750 of 1,000" in terminal.run("level", "alice", "storage", "750", "--key", "s1").out
    outcome = terminal.run("level", "alice", "storage", "1001", "--key", "s2", code=ExitCode.PROBLEMS)
    assert "above the limit" in outcome.err
    again = terminal.run("level", "alice", "storage", "750", "--key", "s1", "--json").json
    assert (750, True) == (again["level"], again["is_repeat"])


def test_a_memo_charges_nothing(service: Terminal) -> None:
    """For customers with their own key."""
    outcome = service.run("memo", "alice", "magic-mentor", "12345", "--key", "m1")
    assert "noted, not charged" in outcome.out
    assert {"tokens": 5_000} == left(service, "alice")
