"""Each catalogue that comes with the program, run as a new user would: from `init` to a month's statement.

Then it is published, and rebuilt in a home that knows the root key and a relay, and no more.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.pricing.catalogue import built_in_text
from tests.operators import DAY_S, FEBRUARY_1
from tests.relay_process import relay_process
from tests.terminal import Terminal, operator_terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A month with one catalogue.

    Attributes:
        plan: the account's plan, with `allowance` tokens of `meter`.
        action: what is recorded, and `charged` so many tokens.
        refused: an action that may not run, and the `code` of its refusal with its `status`.
        pack: what is bought, and brings `bought` tokens.
        days: after which the next allowance is there.
    """

    catalogue: str
    plan: str
    meter: str
    allowance: int
    action: tuple[str, ...]
    charged: int
    refused: tuple[str, ...]
    code: str
    status: int
    pack: str
    bought: int
    days: int


GPT = ("--model", "gpt-5", "--prompt-tokens", "1500", "--completion-tokens", "500")
CLAUDE = ("--model", "claude-sonnet-4-5", "--prompt-tokens", "900", "--completion-tokens", "600")

PRODUCTS = (
    Product(
        catalogue="transparency",
        plan="standard",
        meter="tokens",
        allowance=5_000,
        action=("experiment-creation", "--tokens", "3892"),
        charged=3_892,
        refused=("experiment-creation",),
        code="not_enough",
        status=402,
        pack="pack-25",
        bought=14_500,
        days=28,
    ),
    Product(
        catalogue="vibrationfit",
        plan="monthly",
        meter="tokens",
        allowance=600_000,
        action=("viva-chat", *GPT),
        charged=2_000,
        refused=("blueprint", "--tokens", "500001"),
        code="action_too_large",
        status=413,
        pack="pack-100k",
        bought=100_000,
        days=28,
    ),
    Product(
        catalogue="koffers",
        plan="starter",
        meter="tokens",
        allowance=50_000,
        action=("chat", *CLAUDE),
        charged=1_500,
        refused=("chat", "--tokens", "48501"),
        code="not_enough",
        status=429,
        pack="addon-50k",
        bought=50_000,
        days=28,
    ),
    Product(
        catalogue="bright_audio",
        plan="pro",
        meter="goal_generation",
        allowance=20,
        action=("generate_goal", "--actor", "ann"),
        charged=3,
        refused=("assist",),
        code="empty",
        status=402,
        pack="goals-30",
        bought=30,
        days=30,
    ),
    Product(
        catalogue="prompt_lab",
        plan="teams",
        meter="tokens",
        allowance=400_000,
        action=("prompt-run", *CLAUDE, "--prompt", "greet"),
        charged=1_170,
        refused=("prompt-run", "--tokens", "2000000"),
        code="action_too_large",
        status=413,
        pack="pack-10",
        bought=1_000_000,
        days=28,
    ),
)


@pytest.fixture(scope="module", name="relay")
def one_relay(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A relay in a process of its own."""
    with relay_process(tmp_path_factory.mktemp("relay") / "relay.sqlite") as url:
        yield url


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.catalogue)
def test_a_month_with_every_product(product: Product, tmp_path: Path, relay: str) -> None:
    """A plan, an action, a refusal, a purchase, the next allowance, statements; published and rebuilt."""
    terminal = Terminal(tmp_path / "operator")
    terminal.run("init", "--relay", relay, "--catalogue", product.catalogue)
    account = terminal.run("account", "new", "alice", "--plan", product.plan, "--json").json["account"]
    terminal.clock.set(FEBRUARY_1 + DAY_S)
    recorded = terminal.run("record", "alice", *product.action, "--key", "a1", "--json").json
    assert (product.meter, product.charged) == (recorded["meter"], recorded["tokens"])

    refused = terminal.run("check", "alice", *product.refused, "--json", code=ExitCode.REFUSED).json
    assert (product.code, product.status) == (refused["code"], refused["status"])

    bought = terminal.run("buy", "alice", product.pack, "--key", "p1", "--json").json
    assert product.bought == bought["tokens"]
    terminal.clock.set(FEBRUARY_1 + product.days * DAY_S)
    terminal.run("tick", "alice")

    february, march = statements(terminal, "alice", product.meter)
    held = balances(terminal)
    assert product.charged == february["used"]
    assert february["closing"] == march["opening"]
    assert product.allowance + product.bought == march["closing"]
    assert [march["closing"]] == [row["tokens"] for row in held if row["meter"] == product.meter]
    terminal.run("audit")

    follower = rebuilt(terminal, tmp_path, relay)
    assert (february, march) == statements(follower, account, product.meter)
    assert public(held) == public(balances(follower))
    meter = ("--meter", product.meter, "--json")
    assert public(terminal.run("history", "alice", *meter).json) == public(
        follower.run("history", account, *meter).json
    )


def statements(terminal: Terminal, account: str, meter: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """February and March of 2026, of which every figure adds up."""
    february, march = (
        terminal.run("statement", account, "--meter", meter, "--month", month, "--json").json
        for month in ("2026-02", "2026-03")
    )
    for found in (february, march):
        added = found["opening"] + found["granted"] + found["purchased"] + found["refunded"]
        assert found["closing"] == added - found["used"] - found["expired"] - found["reversed"]
        assert found["used"] - found["refunded"] == sum(row["tokens"] for row in found["activities"])
    return february, march


def balances(terminal: Terminal) -> list[dict[str, Any]]:
    """What the account has, by meter."""
    found: Any = terminal.run("balance", "--json").json
    return [found] if isinstance(found, dict) else sorted(found, key=lambda row: row["meter"])


def rebuilt(operator: Terminal, directory: Path, relay: str) -> Terminal:
    """The home of somebody who pins the root key, and has fetched everything from the relay."""
    operator.run("publish")
    follower = Terminal(directory / "follower", now=operator.clock.now())
    follower.run("follow", Home(operator.home).settings().root_pubkey, "--relay", relay)
    follower.run("sync")
    follower.run("audit")
    return follower


def public(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What anyone can rebuild: all but the operator's names, texts, holds, and its way to the relays."""
    private = {"label", "description", "held", "relays_confirmed", "relays_queued"}
    return [{name: value for name, value in row.items() if name not in private} for row in rows]


def test_followers_are_asked_for_a_catalogue_that_is_not_built_in(tmp_path: Path, relay: str) -> None:
    """Dollars of another product would be false; with a catalogue that differs, that is said."""
    own = tmp_path / "own.toml"
    own.write_text(built_in_text("koffers").replace('name = "koffers"', 'name = "acme"'), "utf-8")
    operator = Terminal(tmp_path / "operator")
    operator.run("init", "--relay", relay, "--catalogue", str(own))
    operator.run("publish")
    follow = ("follow", Home(operator.home).settings().root_pubkey, "--relay", relay)
    refused = Terminal(tmp_path / "one").run(*follow, code=ExitCode.BAD_INPUT)
    assert "unknown catalogue 'acme, version 1'" in refused.err
    assert (
        "tokens are right, dollars" in Terminal(tmp_path / "two").run(*follow, "--catalogue", "koffers").err
    )
    assert not Terminal(tmp_path / "three").run(*follow, "--catalogue", str(own)).err


def test_a_plan_without_ai_is_told_so(tmp_path: Path) -> None:
    """Starter has no AI features: 403, whatever the meter."""
    terminal = operator_terminal(tmp_path, "--catalogue", "bright_audio")
    terminal.run("account", "new", "acme", "--plan", "starter")
    refused = terminal.run("check", "acme", "generate_goal", "--json", code=ExitCode.REFUSED).json
    assert ("no_ai", 403) == (refused["code"], refused["status"])


def test_organisations_do_not_see_each_other(tmp_path: Path) -> None:
    """What one spends or gives away is not the other's."""
    terminal = operator_terminal(tmp_path, "--catalogue", "bright_audio")
    for name in ("acme", "other"):
        terminal.run("account", "new", name, "--plan", "pro")
    terminal.run("record", "acme", "generate_leads", "--count", "5", "--actor", "ann", "--key", "l1")
    leads = ("--meter", "lead_generation", "--json")
    assert (27, 50) == tuple(
        terminal.run("balance", name, *leads).json["tokens"] for name in ("acme", "other")
    )
    assert [] == terminal.run("stats", "other", "--by", "member", *leads).json["rows"]


def test_customers_from_another_system_bring_day_and_balance(tmp_path: Path) -> None:
    """Ten days into their 28: what is left of the allowance, and what they had bought."""
    terminal = operator_terminal(tmp_path, "--catalogue", "vibrationfit")
    anchor = str(FEBRUARY_1 - 10 * DAY_S)
    options = ("--anchor", anchor, "--allowance-left", "1234", "--balance", "5000")
    terminal.run("account", "new", "alice", "--plan", "monthly", *options)
    found = terminal.run("balance", "alice", "--json").json
    assert (6_234, "2026-02-19T00:00:00Z") == (found["tokens"], found["resets_at"])
    terminal.run("grant", "alice", "5", "--source", "promo", "--meter", "tokens", "--key", "g1")
    terminal.run(
        *("grant", "alice", "5", "--source", "promo", "--meter", "stars", "--key", "g2"),
        code=ExitCode.BAD_INPUT,
    )
