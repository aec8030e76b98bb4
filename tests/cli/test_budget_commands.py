"""`budget show|set|remove`: what may be spent in a day or month, and what happens past it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.wiring import find_account, open_operator
from tests.terminal import Terminal, february, follower_terminal, operator_terminal

CHAT = ("alice", "magic-mentor")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator on 1 February 2026 with one account on the standard plan."""
    operator = operator_terminal(tmp_path)
    operator.run("account", "new", "alice")
    return operator


def budgets(terminal: Terminal) -> list[dict[str, object]]:
    """The budgets of alice, as programs see them."""
    found: list[dict[str, object]] = terminal.run("budget", "show", "alice", "--json").json
    return found


def test_without_budgets_there_is_nothing_to_show(terminal: Terminal) -> None:
    """Said in a sentence, and as an empty list."""
    assert ["no budgets: nothing but the balance limits this account"] == terminal.run(
        "budget", "show", "alice"
    ).lines
    assert [] == budgets(terminal)


def test_a_budget_is_shown_with_what_is_used_and_when_it_begins_anew(terminal: Terminal) -> None:
    """Used, held, left; by month unless something else is said."""
    assert ["budget by account and month: 1,000 tokens, soft"] == terminal.run(
        "budget", "set", "alice", "--tokens", "1000"
    ).lines
    terminal.run("record", *CHAT, "--tokens", "300", "--key", "a")
    terminal.run("reserve", *CHAT, "--key", "b")
    header, row = terminal.run("budget", "show", "alice").lines
    assert "begins anew" in header
    shown = "account/month 1,000 300 250 450 55 % 2026-03-01 00:00:00 UTC soft its own"
    assert shown.split() == row.split()
    assert [
        {
            "meter": "tokens",
            "scope": "account",
            "subject": "",
            "name": "",
            "for_each": False,
            "period": "month",
            "tokens": 1_000,
            "enforcement": "soft",
            "is_own": True,
            "used": 300,
            "held": 250,
            "left": 450,
            "percent": 55,
            "starts_at": "2026-02-01T00:00:00Z",
            "resets_at": "2026-03-01T00:00:00Z",
            "zone": "UTC",
        }
    ] == budgets(terminal)


@pytest.mark.parametrize(
    ("enforce", "code", "said"),
    [
        ("soft", ExitCode.DONE, ["note: this passes the daily budget of 100 tokens by 150 tokens"]),
        (
            "hard",
            ExitCode.REFUSED,
            [
                "error: 250 tokens are needed and the daily budget of 100 tokens has 100 left",
                "- Wait for the next day. It comes at 2026-02-02 00:00:00 UTC.",
            ],
        ),
        (
            "raise-or-wait",
            ExitCode.REFUSED,
            [
                "error: 250 tokens are needed and the daily budget of 100 tokens has 100 left",
                "- Raise the budget by 150 tokens or more.",
                "- Wait for the next day. It comes at 2026-02-02 00:00:00 UTC.",
            ],
        ),
    ],
)
def test_past_a_budget_happens_what_was_asked_for(
    terminal: Terminal, enforce: str, code: ExitCode, said: list[str]
) -> None:
    """A soft one warns, a hard one refuses, and one may be raised or waited for."""
    terminal.run("budget", "set", "alice", "--period", "day", "--tokens", "100", "--enforce", enforce)
    assert said == terminal.run("check", *CHAT, code=code).err.splitlines()
    terminal.run("budget", "set", "alice", "--period", "day", "--tokens", "250", "--enforce", enforce)
    terminal.run("check", *CHAT)
    assert [250] == [one["tokens"] for one in budgets(terminal)]


@pytest.mark.parametrize(
    ("scope", "subject"),
    [("member", "maria"), ("group", "sales"), ("model", "gpt-4o"), ("activity", "magic-mentor")],
)
def test_a_budget_may_be_for_one_or_for_each(terminal: Terminal, scope: str, subject: str) -> None:
    """Of members, groups, models and activities; each is shown as soon as it used some."""
    counts = ("--model", "gpt-4o", "--prompt-tokens", "4808", "--completion-tokens", "10")
    terminal.run("record", *CHAT, *counts, "--actor", "maria", "--group", "sales", "--key", "k")
    terminal.run("budget", "set", "alice", "--scope", scope, "--tokens", "100")
    assert [(scope, subject, True, 17)] == [
        (one["scope"], one["subject"], one["for_each"], one["used"]) for one in budgets(terminal)
    ]
    terminal.run("budget", "set", "alice", "--scope", scope, "--subject", subject, "--tokens", "50")
    assert [(True, 83), (False, 33)] == [(one["for_each"], one["left"]) for one in budgets(terminal)]
    removed = terminal.run("budget", "remove", "alice", "--scope", scope, "--subject", subject)
    assert [f"budget by {scope} {subject} and month: removed"] == removed.lines
    shown = terminal.at(february(1, 1, 0) + 40 * 86_400, "budget", "show", "alice").lines[1]
    assert "each" in shown.split()


def test_the_plans_budgets_are_shown_and_stay(tmp_path: Path) -> None:
    """What is in the catalogue cannot be removed from an account."""
    lab = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    lab.run("account", "new", "alice", "--plan", "enterprise")
    assert [False, False, False] == [one["is_own"] for one in budgets(lab)]
    outcome = lab.run("budget", "remove", "alice", "--period", "day", code=ExitCode.BAD_INPUT)
    assert ["error: unknown budget 'account/day'"] == outcome.err.splitlines()[:1]
    assert "the plan" in lab.run("budget", "show", "alice").lines[1]


@pytest.mark.parametrize(
    ("plan", "period", "code"),
    [
        ("free", "month", ExitCode.REFUSED),
        ("free", "day", ExitCode.REFUSED),
        ("teams", "month", ExitCode.DONE),
        ("teams", "day", ExitCode.REFUSED),
        ("enterprise", "month", ExitCode.DONE),
        ("enterprise", "day", ExitCode.DONE),
    ],
)
def test_a_tier_has_the_budgets_that_it_includes(
    tmp_path: Path, plan: str, period: str, code: ExitCode
) -> None:
    """None, monthly ones, or daily ones too; a refusal names the plans that do."""
    lab = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    lab.run("account", "new", "alice", "--plan", plan)
    outcome = lab.run("budget", "set", "alice", "--period", period, "--tokens", "5", code=code)
    assert ("does not include" in outcome.err) is (code is ExitCode.REFUSED)


def test_in_an_organisation_budgets_are_for_its_members(terminal: Terminal) -> None:
    """By the names that the operator knows; strangers have none."""
    with open_operator(Home(terminal.home), clock=terminal.clock) as opened:
        account = find_account(opened.store, "alice")
        opened.organiser.found(account)
        opened.organiser.add_member(account, "maria")
    terminal.run("budget", "set", "alice", "--scope", "member", "--subject", "maria", "--tokens", "100")
    terminal.run("record", *CHAT, "--tokens", "30", "--actor", "maria", "--key", "k")
    assert [("maria", 30, 70)] == [(one["name"], one["used"], one["left"]) for one in budgets(terminal)]
    outcome = terminal.run(
        "budget",
        "set",
        "alice",
        "--scope",
        "member",
        "--subject",
        "eve",
        "--tokens",
        "1",
        code=ExitCode.BAD_INPUT,
    )
    assert "eve" in outcome.err


def test_each_meter_is_named(tmp_path: Path) -> None:
    """An account's budget counts in every meter apart."""
    suite = operator_terminal(tmp_path, "--catalogue", "bright_audio")
    suite.run("account", "new", "alice", "--plan", "pro")
    suite.run("budget", "set", "alice", "--tokens", "10")
    assert 5 == len(budgets(suite))
    shown = suite.run("budget", "show", "alice", "--meter", "forecast").lines
    assert ["account/month of forecast"] == [shown[1][:25]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set", "alice", "--tokens", "-5"), "--tokens"),
        (("set", "alice", "--tokens", "2.5"), "--tokens"),
        (("set", "alice", "--tokens", "1e3"), "--tokens"),
        (("set", "alice", "--tokens", "9" * 16), "--tokens"),
        (("set", "alice"), "--tokens"),
        (("set", "bob", "--tokens", "5"), "unknown account"),
        (("set", "alice", "--tokens", "5", "--period", "year"), "--period"),
        (("set", "alice", "--tokens", "5", "--scope", "planet"), "--scope"),
        (("set", "alice", "--tokens", "5", "--enforce", "kindly"), "--enforce"),
        (("set", "alice", "--tokens", "5", "--subject", "maria"), "has no subject"),
        (("set", "alice", "--tokens", "5", "--scope", "activity", "--subject", "magic"), "unknown activity"),
        (("set", "alice", "--tokens", "5", "--scope", "member", "--subject", "m" * 101), "at most 100"),
        (("remove", "alice"), "unknown budget 'account/month'"),
        (("remove", "alice", "--scope", "member", "--subject", "\x1b[2J"), "unknown budget"),
        (("show", "bob"), "unknown account"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    terminal: Terminal, arguments: tuple[str, ...], message: str
) -> None:
    """Exit code 2 with a sentence, and no budget."""
    assert message in terminal.run("budget", *arguments, code=ExitCode.BAD_INPUT).err
    assert [] == budgets(terminal)


def test_only_the_operator_has_budgets(terminal: Terminal, tmp_path: Path) -> None:
    """Exit code 5 in the home of a follower, who sees none either: they are not published."""
    follower = follower_terminal(tmp_path, terminal)
    outcome = follower.run("budget", "show", "alice", code=ExitCode.BAD_HOME)
    assert "budgets are not published" in outcome.err
    follower.run("budget", "set", "alice", "--tokens", "5", code=ExitCode.BAD_HOME)
    follower.run("budget", "remove", "alice", code=ExitCode.BAD_HOME)
