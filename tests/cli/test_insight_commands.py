"""`stats|forecast|tips|alerts|statement|statusline`: what use means."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from tests.operators import DAY_S, FEBRUARY_1
from tests.terminal import Terminal, operator_terminal

HOUR_S = 3_600


@pytest.fixture(name="service")
def default_service(tmp_path: Path) -> Terminal:
    """Alice used 100 tokens a day for ten days, and had a profile matched once; it is 11 February."""
    terminal = operator_terminal(tmp_path)
    terminal.run("account", "new", "alice")
    for day in range(10):
        terminal.at(
            FEBRUARY_1 + day * DAY_S + 12 * HOUR_S,
            *("record", "alice", "magic-mentor", "--tokens", "100", "--key", f"chat-{day}"),
            *("--actor", "ann" if day % 2 else "ben"),
        )
    terminal.run("record", "alice", "profile-matching", "--key", "m1")
    terminal.clock.set(FEBRUARY_1 + 10 * DAY_S + 12 * HOUR_S)
    return terminal


def test_stats_add_up(service: Terminal) -> None:
    """By activity unless asked otherwise, with lifetime, last use, rate and the month so far."""
    found = service.run("stats", "alice", "--json").json
    assert [("magic-mentor", 10, 1_000, 77), ("profile-matching", 1, 300, 23)] == [
        (row["name"], row["count"], row["tokens"], row["share"]) for row in found["rows"]
    ]
    assert (1_300, "1.950000", 1_300) == (found["tokens"], found["usd"], found["lifetime_used"])
    assert "2026-02-10T12:00:00Z" == found["last_used_at"]
    assert "2026-02-01T00:00:00Z" == found["last_reset_at"]
    assert (46, 1_300, 0) == (found["per_day"], found["month"]["tokens"], found["month"]["tokens_before"])
    shown = service.run("stats", "alice").out
    assert "total" in shown
    assert "100 %" in shown


@pytest.mark.parametrize(
    ("dimension", "names"),
    [
        ("member", ["", "ann", "ben"]),
        ("month", ["2026-02"]),
        ("model", [""]),
        ("group", [""]),
        ("prompt", [""]),
    ],
)
def test_stats_by_every_dimension(service: Terminal, dimension: str, names: list[str]) -> None:
    """What is not known is a part of its own, so all of them add up."""
    found = service.run("stats", "alice", "--by", dimension, "--json").json
    assert names == sorted(row["name"] for row in found["rows"])
    assert 1_300 == sum(row["tokens"] for row in found["rows"])


def test_stats_reach_back_as_far_as_asked(service: Terminal) -> None:
    """Today and the day before are two; and they are CSV for spreadsheets."""
    assert 300 + 100 == service.run("stats", "alice", "--days", "2", "--json").json["tokens"]
    lines = service.run("stats", "alice", "--by", "day", "--csv").lines
    assert "day,count,tokens,usd,share" == lines[0]
    assert 11 == len(lines)


def test_a_plan_limits_what_stats_show(tmp_path: Path) -> None:
    """Seven days on Free; the ledger holds everything."""
    terminal = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    terminal.run("account", "new", "alice", "--plan", "free")
    usage = ("--model", "gpt-5", "--prompt-tokens", "3000", "--completion-tokens", "100")
    for day in (0, 5):
        terminal.at(
            FEBRUARY_1 + day * DAY_S, *("record", "alice", "prompt-run", "--key", f"run-{day}"), *usage
        )
    terminal.clock.set(FEBRUARY_1 + 9 * DAY_S)
    found = terminal.run("stats", "alice", "--by", "day", "--json").json
    assert [("2026-02-06", 1)] == [(row["name"], row["count"]) for row in found["rows"]]
    assert 2 * found["tokens"] == found["lifetime_used"] == found["month"]["tokens"]
    assert "last 7 days" in terminal.run("stats", "alice", "--days", "30").err
    assert 2 * found["tokens"] == terminal.run("month", "alice", "--json").json["tokens"]


def test_a_plan_decides_which_views_there_are(tmp_path: Path) -> None:
    """Free has no costs by model, no CSV of them, no savings; the history is everybody's, in every form."""
    terminal = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    for plan in ("free", "teams", "enterprise"):
        terminal.run("account", "new", plan, "--plan", plan)
        for number in range(5):
            usage = ("--model", "gpt-5", "--prompt-tokens", "30000", "--completion-tokens", "100")
            options = ("--key", f"run-{number}", "--prompt", "greet")
            terminal.run("record", plan, "prompt-run", *options, *usage)
    refused = terminal.run("stats", "free", "--by", "model", code=ExitCode.REFUSED)
    assert "the plan Free does not include: Cost by model, prompt and member" in refused.err
    assert "Teams and Enterprise do." in refused.err
    terminal.run("stats", "free", "--csv", code=ExitCode.REFUSED)
    terminal.run("stats", "teams", "--by", "group", code=ExitCode.REFUSED)
    assert 2 == len(terminal.run("stats", "teams", "--by", "model", "--csv").lines)
    terminal.run("stats", "enterprise", "--by", "group")
    assert 1 < len(terminal.run("history", "free", "--csv").lines)

    (tip, *_) = terminal.run("tips", "free", "--json").json
    assert "saved_micro_dollars" not in tip
    assert "$" not in terminal.run("tips", "free").out
    subjects = [
        {one["subject"] for one in terminal.run("tips", plan, "--json").json}
        for plan in ("teams", "enterprise")
    ]
    assert [{"prompt-run"}, {"prompt-run", "greet"}] == subjects


def test_the_operator_sees_all_accounts_together(service: Terminal) -> None:
    """By activity or member, whatever the plans; active accounts, averages over them, and who used most."""
    service.run("account", "new", "bob")
    service.run("account", "new", "carol")
    service.run("record", "bob", "profile-matching", "--key", "m1")
    found = service.run("stats", "--all", "--json").json
    assert [("magic-mentor", 1_000, 63), ("profile-matching", 600, 37)] == [
        (row["name"], row["tokens"], row["share"]) for row in found["rows"]
    ]
    assert (1_600, 2, 800, "1.200000") == tuple(
        found[name] for name in ("tokens", "active", "tokens_each", "usd_each")
    )
    assert [("alice", 11, 1_300), ("bob", 1, 300)] == [
        (one["label"], one["count"], one["tokens"]) for one in found["largest"]
    ]
    today = service.run("stats", "--all", "--days", "1", "--by", "member")
    assert "active    1 accounts, 300 tokens, $0.45 each on average" in today.lines
    assert "activity,count,tokens,usd,share" == service.run("stats", "--all", "--csv").lines[0]
    service.run("stats", "alice", "--all", code=ExitCode.BAD_INPUT)
    service.run("stats", "--all", "--meter", "stars", code=ExitCode.BAD_INPUT)


def test_nobody_used_anything_yet(tmp_path: Path) -> None:
    """Zeros, not errors."""
    terminal = operator_terminal(tmp_path)
    terminal.run("account", "new", "alice")
    found = terminal.run("stats", "--all", "--json").json
    assert ([], 0, 0, []) == tuple(found[name] for name in ("rows", "active", "tokens_each", "largest"))
    assert "active    0 accounts" in terminal.run("stats", "--all").out


def test_a_forecast_has_its_range(service: Terminal) -> None:
    """At 100 a day and once 300 more, 3,700 last four weeks, give or take."""
    found = service.run("forecast", "alice", "--json").json
    assert (3_700, 10, 130) == (found["tokens"], found["days_seen"], found["per_day"])
    assert found["earliest_at"] < found["runs_out_at"] < found["latest_at"]
    assert not found["is_short"]
    assert "in four of five cases" in service.run("forecast", "alice").out


def test_a_new_account_has_no_forecast(service: Terminal) -> None:
    """It takes three whole days; without use it never runs out."""
    service.run("account", "new", "bob")
    assert service.run("forecast", "bob", "--json").json is None
    assert "no forecast yet" in service.run("forecast", "bob").out
    service.clock.advance(4 * DAY_S)
    assert "does not run out" in service.run("forecast", "bob").out


def test_what_will_not_last_is_said(service: Terminal) -> None:
    """On stderr, beside the figures."""
    service.run("record", "alice", "experiment-creation", "--tokens", "3500", "--key", "e1")
    service.clock.advance(DAY_S)
    outcome = service.run("forecast", "alice")
    assert "expected to run out before the next allowance" in outcome.err


def test_tips_are_computed_from_what_was_used(tmp_path: Path) -> None:
    """The same usage with a cheaper model."""
    terminal = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    terminal.run("account", "new", "alice", "--plan", "teams")
    assert "nothing to save" in terminal.run("tips", "alice").out
    for number in range(5):
        usage = ("--model", "gpt-5", "--prompt-tokens", "30000", "--completion-tokens", "100")
        terminal.run("record", "alice", "prompt-run", "--key", f"run-{number}", *usage)
    found = terminal.run("tips", "alice", "--json").json
    assert {"other_model", "shorter_prompts"} == {one["kind"] for one in found}
    assert all(one["saved_micro_dollars"] > 0 for one in found)
    assert "instead of gpt-5" in terminal.run("tips", "alice").out


def test_alerts_of_an_account(service: Terminal) -> None:
    """Nothing at first; then a threshold, a day far above the others, and a burst."""
    service.run("account", "new", "bob")
    assert "nothing to look at" in service.run("alerts", "bob").out
    service.run("record", "alice", "experiment-creation", "--tokens", "3500", "--key", "e1")
    for number in range(20):
        service.run(
            *("record", "alice", "magic-mentor", "--tokens", "1", "--key", f"b{number}"), *("--actor", "bot")
        )
    found = service.run("alerts", "alice", "--json", code=ExitCode.PROBLEMS).json
    assert {"used", "low", "spike", "burst"} == {one["kind"] for one in found}
    assert "by bot" in service.run("alerts", "alice", code=ExitCode.PROBLEMS).out


def test_alerts_for_the_operator(service: Terminal) -> None:
    """Who runs out, who uses most, what is dear."""
    service.run("record", "alice", "experiment-creation", "--tokens", "3700", "--key", "e1")
    found = service.run("alerts", "--all", "--json", code=ExitCode.PROBLEMS).json
    assert {"at risk", "power user", "offer more", "dear action"} == {one["kind"] for one in found}
    service.run("alerts", "alice", "--all", code=ExitCode.BAD_INPUT)


def test_averages_and_the_cost_budget_are_the_operators(tmp_path: Path) -> None:
    """A coaching product: an account far above its target, and models that cost more than they may."""
    terminal = operator_terminal(tmp_path, "--catalogue", "vibrationfit")
    terminal.run("account", "new", "alice", "--plan", "monthly")
    terminal.run("buy", "alice", "pack-100k", "--key", "p1")
    usage = ("--model", "gpt-5", "--prompt-tokens", "250000", "--completion-tokens", "250000")
    terminal.run("record", "alice", "blueprint", "--key", "b1", *usage)
    found = terminal.run("alerts", "--all", "--json", code=ExitCode.PROBLEMS).json
    assert {"power user", "above target", "dear action", "over cost budget"} == {one["kind"] for one in found}


def test_a_statement_re_adds(service: Terminal) -> None:
    """From the opening to the closing balance, with its activities."""
    entry = service.run("history", "alice", "--json").json[0]["entry_id"]
    service.run("refund", entry[:12], "100", "--key", "r1")
    service.run("buy", "alice", "pack-10", "--key", "p1")
    found = service.run("statement", "alice", "--month", "2026-02", "--json").json
    assert (0, 5_000, 5_800, 100, 1_300, 9_600) == tuple(
        found[name] for name in ("opening", "granted", "purchased", "refunded", "used", "closing")
    )
    added = found["opening"] + found["granted"] + found["purchased"] + found["refunded"]
    assert found["closing"] == added - found["used"] - found["expired"] - found["reversed"]
    assert (
        found["closing"] == service.run("statement", "alice", "--month", "2026-03", "--json").json["opening"]
    )
    assert "9,600" in service.run("statement", "alice").out
    service.run("statement", "alice", "--month", "2026-13", code=ExitCode.BAD_INPUT)


def test_a_status_line_is_one_line(service: Terminal) -> None:
    """Left, percent, dollars, days; its exit code says whether it is fine, low or blocked."""
    assert ["3.7k 74 % $5.55 17 d"] == service.run("statusline", "alice").lines
    service.run("record", "alice", "experiment-creation", "--tokens", "3000", "--key", "e1")
    assert ["700 14 % $1.05 17 d"] == service.run("statusline", "alice", code=ExitCode.LOW).lines
    service.run("record", "alice", "magic-mentor", "--tokens", "700", "--key", "e2")
    service.run("statusline", "alice", code=ExitCode.BLOCKED)


def test_a_status_line_shows_every_meter_that_counts(tmp_path: Path) -> None:
    """A meter that never held anything cannot run out."""
    terminal = operator_terminal(tmp_path, "--catalogue", "bright_audio")
    terminal.run("account", "new", "acme", "--plan", "pro")
    (line,) = terminal.run("statusline", "acme").lines
    assert "lead_generation 50 100 %" in line
    assert "general" not in line
    terminal.run("account", "new", "other", "--plan", "starter")
    terminal.run("statusline", "other", code=ExitCode.BLOCKED)
    terminal.run("statusline", code=ExitCode.BAD_INPUT)
