"""`org`: organisations, their members and departments, quotas, and who used how much."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.store import Store
from tests.terminal import Terminal, controls_in, february, operator_terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator with the organisations acme (Maria in Sales, Omar in Support, Lee) and other (Zoe)."""
    return organised(tmp_path)


@pytest.fixture(scope="module", name="unchanged")
def one_terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The same with the account alice, for tests that change nothing."""
    operator = organised(tmp_path_factory.mktemp("unchanged"))
    operator.run("account", "new", "alice")
    return operator


def organised(directory: Path) -> Terminal:
    """What the fixtures give."""
    operator = operator_terminal(directory)
    operator.run("org", "new", "acme")
    operator.run("org", "new", "other")
    for department in ("Sales", "Support"):
        operator.run("org", "departments", "add", "acme", department)
    operator.run("org", "members", "add", "acme", "Maria", "--department", "Sales")
    operator.run("org", "members", "add", "acme", "Omar", "--department", "Support", "--public-name", "omar")
    operator.run("org", "members", "add", "acme", "Lee")
    operator.run("org", "members", "add", "other", "Zoe")
    return operator


def chat(terminal: Terminal, key: str, actor: str, tokens: int, *, code: ExitCode = ExitCode.DONE) -> str:
    """One chat for acme; what was said."""
    outcome = terminal.run(
        *("record", "acme", "magic-mentor", "--tokens", str(tokens), "--key", key, "--actor", actor),
        code=code,
    )
    return outcome.out + outcome.err


def test_organisation_from_new_to_report(terminal: Terminal) -> None:
    """As `org --help` suggests it: found, add, act, look."""
    chat(terminal, "a", "Maria", 300)
    chat(terminal, "b", "Omar", 100)
    shown = [line.split() for line in terminal.run("org", "usage", "acme").lines if line]
    assert ["acme,", "2026-02", "(UTC)"] == shown[0]
    assert [
        ["member", "department", "actions", "tokens", "value", "share"],
        ["Maria", "Sales", "1", "300", "$0.45", "75", "%"],
        ["Omar", "Support", "1", "100", "$0.15", "25", "%"],
        ["Lee", "0", "0", "$0.00", "0", "%"],
        ["total", "2", "400", "$0.60", "100", "%"],
    ] == shown[1:6]
    assert [
        ["department", "actions", "tokens", "value", "share"],
        ["Sales", "1", "300", "$0.45", "75", "%"],
        ["Support", "1", "100", "$0.15", "25", "%"],
        ["total", "2", "400", "$0.60", "100", "%"],
    ] == shown[6:]


def test_names_stay_in_the_home(terminal: Terminal) -> None:
    """The signed events have neither; the public name was asked for."""
    chat(terminal, "a", "Maria", 1)
    chat(terminal, "b", "Omar", 1)
    events = terminal.run("events", "--jsonl").out
    assert [False, False, True] == [name in events for name in ("Maria", "Sales", '"omar"')]
    members = terminal.run("org", "members", "list", "acme", "--json").json
    pseudonym = next(one["pseudonym"] for one in members if one["name"] == "Maria")
    assert pseudonym in events


@pytest.mark.parametrize("actor", ["Zoe", "maria", "nobody"])
def test_strangers_are_refused_with_a_code(unchanged: Terminal, actor: str) -> None:
    """A member of another organisation like anybody else; nothing changes."""
    before = everything(unchanged)
    said = chat(unchanged, "k", actor, 5, code=ExitCode.REFUSED)
    assert f"error: '{actor}' is no member of acme" in said
    for command in (("check",), ("reserve", "--key", "k")):
        arguments = (command[0], "acme", "magic-mentor", *command[1:], "--actor", actor, "--json")
        refused = unchanged.run(*arguments, code=ExitCode.REFUSED).json
        assert ("not_a_member", 403, False) == (refused["code"], refused["status"], refused["is_allowed"])
    assert before == everything(unchanged)


def test_hard_quota_refuses_and_soft_one_warns(terminal: Terminal) -> None:
    """For one member, for a department, for each."""
    terminal.run("org", "quota", "set", "acme", "--member", "Maria", "--tokens", "100")
    chat(terminal, "a", "Maria", 90)
    asked = ("check", "acme", "magic-mentor", "--tokens", "11", "--actor")
    refused = terminal.run(*asked, "Maria", code=ExitCode.REFUSED)
    assert "monthly budget of 100 tokens of member Maria has 10 left" in refused.err
    terminal.run(*asked, "Omar")
    terminal.run(*("org", "quota", "set", "acme", "--department", "Support", "--tokens", "10", "--soft"))
    assert "passes the monthly budget of 10 tokens of group Support" in terminal.run(*asked, "Omar").err
    terminal.run("org", "quota", "set", "acme", "--each", "member", "--period", "day", "--tokens", "5")
    assert "daily budget of 5 tokens" in terminal.run(*asked, "Lee", code=ExitCode.REFUSED).err


def test_quotas_are_shown_and_removed(terminal: Terminal) -> None:
    """By name, with what is used and left; a removed one holds no more."""
    terminal.run("org", "quota", "set", "acme", "--member", "Maria", "--tokens", "100")
    chat(terminal, "a", "Maria", 90)
    (found,) = terminal.run("org", "quota", "show", "acme", "--json").json
    assert ("Maria", "member", "hard", 100, 90, 10) == tuple(
        found[name] for name in ("name", "scope", "enforcement", "tokens", "used", "left")
    )
    assert "Maria" in terminal.run("org", "quota", "show", "acme").out
    terminal.run("org", "quota", "remove", "acme", "--member", "Maria")
    assert [] == terminal.run("org", "quota", "show", "acme", "--json").json
    assert "no quotas" in terminal.run("org", "quota", "show", "acme").out
    chat(terminal, "b", "Maria", 50)
    terminal.run("org", "quota", "remove", "acme", "--member", "Maria", code=ExitCode.BAD_INPUT)


def test_members_come_move_and_leave(terminal: Terminal) -> None:
    """What they used stays where it was; who left is listed with `--all`."""
    chat(terminal, "a", "Maria", 10)
    terminal.run("org", "members", "move", "acme", "Maria", "Support")
    chat(terminal, "b", "Maria", 20)
    terminal.run("org", "members", "remove", "acme", "Maria")
    assert "no member of acme" in chat(terminal, "c", "Maria", 1, code=ExitCode.REFUSED)
    assert ["Lee", "Omar"] == [
        one["name"] for one in terminal.run("org", "members", "list", "acme", "--json").json
    ]
    assert "left" in terminal.run("org", "members", "list", "acme", "--all").out
    (use,) = terminal.run("org", "usage", "acme", "--json").json
    assert {"Sales": 10, "Support": 20} == {one["name"]: one["tokens"] for one in use["departments"]}
    assert ("Maria", False, 30) == tuple(use["members"][0][name] for name in ("name", "is_here", "tokens"))
    assert "Maria (left)" in terminal.run("org", "usage", "acme").out


def test_usage_adds_to_the_statement(terminal: Terminal) -> None:
    """By member and by department, refunds taken off, another month left out."""
    for number, (actor, tokens) in enumerate((("Maria", 300), ("Omar", 200), ("Lee", 55), ("Maria", 45))):
        terminal.clock.set(february(3 + number, 12, 0))
        chat(terminal, f"k{number}", actor, tokens)
    newest = terminal.run("history", "acme", "--json", "--limit", "1").json[0]["entry_id"]
    terminal.run("refund", newest, "40", "--key", "r")
    terminal.clock.set(february(33, 0, 0))
    chat(terminal, "march", "Lee", 7)
    (use,) = terminal.run("org", "usage", "acme", "--month", "2026-02", "--json").json
    statement = terminal.run("statement", "acme", "--month", "2026-02", "--json").json
    net = statement["used"] - statement["refunded"]
    assert (560, 560) == (net, use["tokens"])
    for part in ("members", "departments"):
        assert net == sum(one["tokens"] for one in use[part])
        assert 100 == sum(one["share"] for one in use[part])
    assert ("Maria", 305, "Sales") == tuple(
        use["members"][0][name] for name in ("name", "tokens", "department")
    )


def test_usage_as_csv(terminal: Terminal) -> None:
    """One row a member and a department; names cannot be formulas."""
    terminal.run("org", "members", "add", "acme", "=SUM(A1)")
    chat(terminal, "a", "=SUM(A1)", 10)
    rows = list(csv.DictReader(io.StringIO(terminal.run("org", "usage", "acme", "--csv").out)))
    used = [(row["part"], row["name"], row["tokens"]) for row in rows if row["tokens"] != "0"]
    assert [("member", "'=SUM(A1)", "10"), ("department", "", "10")] == used


def test_lists_for_people_and_programs(terminal: Terminal) -> None:
    """Organisations, members, departments."""
    assert ["acme", "other"] == [one["label"] for one in terminal.run("org", "list", "--json").json]
    assert "acme" in terminal.run("org", "list").out
    departments = terminal.run("org", "departments", "list", "acme", "--json").json
    assert [("Sales", 1), ("Support", 1)] == [(one["name"], one["members"]) for one in departments]
    assert "Sales" in terminal.run("org", "departments", "list", "acme").out
    assert "no departments" in terminal.run("org", "departments", "list", "other").out
    shown = terminal.run("org", "show", "acme", "--json").json
    assert (3, 0, ["Sales", "Support"], {"tokens": 5_000}) == tuple(
        shown[name] for name in ("members", "members_left", "departments", "balances")
    )
    assert "5,000 left" in terminal.run("org", "show", "acme").out
    assert (
        "omar in entries"
        in terminal.run("org", "members", "add", "acme", "Omar", "--department", "Support").out
    )
    assert "Omar" in terminal.run("org", "members", "list", "acme").out


def test_account_becomes_an_organisation(terminal: Terminal) -> None:
    """One that is there is kept as it is, by label or key; again changes nothing."""
    terminal.run("account", "new", "alice")
    before = terminal.run("history", "alice", "--json").json
    npub = terminal.run("org", "new", "alice", "--json").json["npub"]
    terminal.run("org", "new", npub)
    assert before == terminal.run("history", "alice", "--json").json
    assert "no members: nobody may act" in terminal.run("org", "members", "list", "alice").out


def test_five_meters_are_counted_apart(tmp_path: Path) -> None:
    """An organisation of the suite: quotas hold in each meter, use is shown for each."""
    terminal = operator_terminal(tmp_path, "--catalogue", "bright_audio")
    terminal.run("org", "new", "acme", "--plan", "pro")
    terminal.run("org", "departments", "add", "acme", "Sales")
    terminal.run("org", "members", "add", "acme", "ann", "--department", "Sales")
    terminal.run("org", "quota", "set", "acme", "--department", "Sales", "--tokens", "6")
    for number in range(2):
        terminal.run("record", "acme", "generate_goal", "--actor", "ann", "--key", f"g{number}")
    terminal.run("check", "acme", "generate_goal", "--actor", "ann", code=ExitCode.REFUSED)
    terminal.run("check", "acme", "analyze_strategy", "--actor", "ann")
    uses = terminal.run("org", "usage", "acme", "--json").json
    assert {"goal_generation": 6} == {one["meter"]: one["tokens"] for one in uses if one["tokens"]}
    assert 5 == len(uses)
    shown = terminal.run("org", "usage", "acme").out
    assert 2 == shown.count("total")
    assert "Nothing was used of lead_generation, strategy_analysis, forecast, general." in shown


def test_plan_decides_what_is_shown_and_limited(tmp_path: Path) -> None:
    """The tier without cost tracking shows no members, the one without a team dashboard no departments."""
    terminal = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    for plan in ("free", "teams", "enterprise"):
        terminal.run("org", "new", plan, "--plan", plan)
        terminal.run("org", "departments", "add", plan, "research")
    refused = terminal.run("org", "usage", "free", code=ExitCode.REFUSED)
    assert "does not include" in refused.err
    daily = ("--each", "member", "--period", "day", "--tokens", "5")
    terminal.run("org", "quota", "set", "teams", *daily, code=ExitCode.REFUSED)
    terminal.run("org", "quota", "set", "enterprise", *daily)
    shown = [terminal.run("org", "usage", plan).out for plan in ("teams", "enterprise")]
    assert [False, True] == ["research" in text for text in shown]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nobody"), "unknown account 'nobody'"),
        (("members", "list", "alice"), "unknown organisation 'alice'"),
        (("members", "add", "acme", "x" * 101), "cannot be a name"),
        (("members", "add", "acme", "New", "--department", "Legal"), "unknown department 'Legal'"),
        (("members", "add", "acme", "New", "--public-name", "omar"), "already stands for 'Omar'"),
        (("members", "remove", "acme", "Zoe"), "unknown member 'Zoe'"),
        (("members", "move", "acme", "Maria", "Legal"), "unknown department 'Legal'"),
        (("departments", "add", "alice", "Sales"), "unknown organisation 'alice'"),
        (("quota", "set", "acme", "--tokens", "5"), "whose quota is meant?"),
        (("quota", "set", "acme", "--member", "", "--tokens", "5"), "has a name"),
        (("quota", "set", "acme", "--member", "Maria", "--each", "member", "--tokens", "5"), "whose quota"),
        (("quota", "set", "acme", "--member", "Zoe", "--tokens", "5"), "unknown member 'Zoe'"),
        (("quota", "set", "acme", "--department", "Legal", "--tokens", "5"), "unknown department 'Legal'"),
        (("quota", "set", "acme", "--member", "Maria", "--tokens", "-5"), "--tokens"),
        (("quota", "set", "acme", "--member", "Maria", "--tokens", "1.5"), "--tokens"),
        (("quota", "remove", "acme", "--member", "Maria"), "unknown budget"),
        (("quota", "show", "alice"), "unknown organisation 'alice'"),
        (("usage", "alice"), "unknown organisation 'alice'"),
        (("usage", "acme", "--month", "soon"), "is not a month"),
        (("usage", "acme", "--csv", "--json"), "exclude each other"),
        (("usage", "acme", "--meter", "forecast"), "unknown account"),
        (("new", "alice", "--plan", "other"), "open already"),
        (("new", "new", "--plan", "other"), "unknown plan"),
    ],
)
def test_what_cannot_be_changes_nothing(unchanged: Terminal, arguments: tuple[str, ...], said: str) -> None:
    """Each with a sentence and exit code 2."""
    before = everything(unchanged)
    outcome = unchanged.run("org", *arguments, code=ExitCode.BAD_INPUT)
    assert said in outcome.err
    assert ("", set[str]()) == (outcome.out, controls_in(outcome.err))
    assert before == everything(unchanged)


def everything(terminal: Terminal) -> object:
    """What is registered, which budgets there are, and how many entries."""
    with Store.open(terminal.home / "ledger.sqlite") as store, store.read() as reader:
        numbers = [row.account_no for row in tuple(reader.accounts())]
        registered = [
            (reader.is_organisation(one), reader.members(one), reader.departments(one), reader.budgets(one))
            for one in numbers
        ]
        return registered, reader.entry_count()


def test_hostile_names_are_only_shown(terminal: Terminal) -> None:
    """What a terminal would obey is no name; direction marks are shown as missing."""
    terminal.run("org", "members", "add", "acme", "a\x1b]0;owned\x07", code=ExitCode.BAD_INPUT)
    terminal.run("org", "members", "add", "acme", "evil\u202ename", code=ExitCode.BAD_INPUT)
    assert set() == controls_in(terminal.run("org", "members", "list", "acme").out)


def test_follower_has_no_names(terminal: Terminal, tmp_path: Path) -> None:
    """What the operator registered is nowhere in what others read."""
    from tests.terminal import follower_terminal

    chat(terminal, "a", "Maria", 10)
    exported = tmp_path / "events.jsonl"
    exported.write_text(terminal.run("events", "--jsonl").out)
    follower = follower_terminal(tmp_path, terminal)
    follower.run("import-events", str(exported))
    assert [] == follower.run("org", "list", "--json").json
    assert "no organisations" in follower.run("org", "list").out
    account = terminal.run("org", "show", "acme", "--json").json["account"]
    report = follower.run("report", account, "--month", "2026-02", "--csv", "-")
    assert "Maria" not in report.out
    assert "m-" in report.out
