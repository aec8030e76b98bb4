"""`balance`: what is left, in the figures of the transparency system."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.store import Store
from tests.terminal import Terminal, controls_in, february, feed, follower_terminal, operator_terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator on 1 February 2026."""
    return operator_terminal(tmp_path)


def test_balance_of_the_feed(terminal: Terminal) -> None:
    """10,286 less a match, an experiment and a chat are 5,847 tokens, $8.77."""
    feed(terminal)
    shown = terminal.run("balance").out
    assert "5,847 tokens, $8.77 at $0.0015 each" in shown
    assert "57 % of 10,286 (the rest: 4,439 used)" in shown
    assert "allowance  561 left of 5,000" in shown
    assert "purchased  5,286" in shown
    assert "resets     2026-03-01 00:00:00 UTC" in shown
    assert "proved, as of entry 7 (2026-02-14 14:45:00 UTC)" in shown


def test_balance_of_the_month(terminal: Terminal) -> None:
    """10,000 less 4,153 used are 5,847, which is 58 % of them."""
    terminal.run("account", "new", "alice")
    terminal.run("grant", "alice", "5000", "--source", "purchased", "--key", "pack")
    for key, tokens in (("e", "2347"), ("m", "1234"), ("q", "572")):
        terminal.run("record", "alice", "quiz-generation", "--tokens", tokens, "--key", key)
    found = terminal.run("balance", "--json").json
    assert (5_847, 58, "8.770500") == (found["tokens"], found["percent"], found["usd"])
    assert (847, 5_000) == (found["allowance"], found["purchased"])


def test_json_has_what_programs_need(terminal: Terminal) -> None:
    """Figures are integers or exact texts; times are ISO 8601 in UTC, or null."""
    feed(terminal)
    found = terminal.run("balance", "alice", "--json").json
    expected: dict[str, object] = {
        "label": "alice",
        "meter": "tokens",
        "tokens": 5_847,
        "allowance": 561,
        "purchased": 5_286,
        "held": 0,
        "used_this_cycle": 4_439,
        "lifetime_used": 4_439,
        "percent": 57,
        "usd": "8.770500",
        "usd_per_token": "0.0015",
        "resets_at": "2026-03-01T00:00:00Z",
        "state": "provisional",
        "as_of_seq": 7,
        "problems": [],
    }
    assert expected == {name: found[name] for name in expected}
    assert 64 == len(found["account"])


def test_account_without_an_allowance_never_resets(terminal: Terminal) -> None:
    """No plan, no cycle: null for programs, a word for people."""
    terminal.run("account", "new", "bob", "--no-plan")
    assert terminal.run("balance", "--json").json["resets_at"] is None
    assert "never: no allowance is running" in terminal.run("balance").out


def test_reset_that_is_due_is_said_to_be(terminal: Terminal) -> None:
    """On 1 March the allowance of February counts for nothing, whether or not anybody has written that."""
    feed(terminal)
    terminal.clock.set(february(29, 0, 0))
    found = terminal.run("balance", "--json").json
    assert (5_286, True) == (found["tokens"], found["is_reset_due"])
    assert "due: it will be written with the next entry" in terminal.run("balance").out


def test_debt_is_shown(terminal: Terminal) -> None:
    """A negative balance says what the next grant pays first."""
    terminal.run("account", "new", "alice")
    terminal.run("record", "alice", "magic-mentor", "--tokens", "5053", "--key", "k")
    shown = terminal.run("balance").out
    assert "-53 tokens, -$0.08" in shown
    assert "debt       53 tokens, to be paid by the next grant" in shown


def test_several_accounts_are_a_table(terminal: Terminal) -> None:
    """Without a name all are shown; with one, that one."""
    feed(terminal)
    terminal.run("account", "new", "bob")
    shown = terminal.run("balance").lines
    assert ["account", "alice", "bob"] == [line.split()[0] for line in shown]
    assert [5_847, 5_000] == [row["tokens"] for row in terminal.run("balance", "--json").json]
    assert "5,000 tokens" in terminal.run("balance", "bob").out


def test_account_of_the_settings_is_the_default(terminal: Terminal, tmp_path: Path) -> None:
    """A follower's own account is shown without being named."""
    feed(terminal)
    terminal.run("account", "new", "bob")
    follower = follower_terminal(tmp_path, terminal)
    lines = terminal.run("events", "--jsonl").out.encode()
    follower.run("import-events", "-", stdin=lines)
    key = terminal.run("account", "export", "alice", "--yes").out.strip()
    follower.run("account", "import", "--key-file", str(_private(tmp_path / "alice.nsec", key)))
    assert 5_847 == follower.run("balance", "--json").json["tokens"]


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def test_npub_and_hex_name_an_account_too(terminal: Terminal) -> None:
    """Labels are local; keys are the same everywhere."""
    terminal.run("account", "new", "alice")
    shown = terminal.run("account", "show", "alice", "--json").json
    for name in (shown["npub"], shown["account"]):
        assert 5_000 == terminal.run("balance", name, "--json").json["tokens"]


def test_account_with_several_meters_shows_them_all(tmp_path: Path) -> None:
    """Each with its own balance; one is chosen by name; reports of one stream ask for that."""
    terminal = operator_terminal(tmp_path, "--catalogue", "bright_audio")
    terminal.run("account", "new", "org", "--plan", "pro")
    found = terminal.run("balance", "org", "--json").json
    assert {"lead_generation": 50, "goal_generation": 20} == {
        row["meter"]: row["tokens"] for row in found if row["meter"] in {"lead_generation", "goal_generation"}
    }
    assert len(found) + 1 == len(terminal.run("balance").lines)
    assert "30 forecast, $3.00 at $0.10 each" in terminal.run("balance", "--meter", "forecast").out
    assert "--meter" in terminal.run("history", code=ExitCode.BAD_INPUT).err
    assert 3 == len(terminal.run("history", "--meter", "forecast", "--json").json)
    assert terminal.run("audit", "--json").json["is_sound"]


def test_meter_may_have_a_value_of_its_own(tmp_path: Path) -> None:
    """What is left of it is shown in dollars at that value, without loading the catalogue."""
    source = Path("nostr_usage/pricing/catalogues/bright_audio.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    own.write_text(
        source.replace('label = "Forecasts" }', 'label = "Forecasts", token_value = "2.5" }'), "utf-8"
    )
    terminal = operator_terminal(tmp_path, "--catalogue", str(own))
    terminal.run("account", "new", "org", "--plan", "pro")
    assert "30 forecast, $75.00 at $2.50 each" in terminal.run("balance", "--meter", "forecast").out


def test_home_without_accounts_says_what_to_do(terminal: Terminal) -> None:
    """Nothing on standard output, advice on standard error."""
    outcome = terminal.run("balance", code=ExitCode.BAD_INPUT)
    assert "" == outcome.out
    assert "account new" in outcome.err


def test_missing_home_is_a_bad_home(tmp_path: Path) -> None:
    """The advice names both ways to a home."""
    outcome = Terminal(tmp_path / "nowhere").run("balance", code=ExitCode.BAD_HOME)
    assert "init" in outcome.err
    assert "follow" in outcome.err


@pytest.mark.parametrize("name", ["nobody", "npub1qqqqqqqq", "ab" * 32])
def test_unknown_account_is_bad_input(terminal: Terminal, name: str) -> None:
    """A typing error is told from an account that is not here."""
    terminal.run("account", "new", "alice")
    assert "" == terminal.run("balance", name, code=ExitCode.BAD_INPUT).out


def test_unknown_meter_is_bad_input(terminal: Terminal) -> None:
    """Neither one account nor all of them have it."""
    terminal.run("account", "new", "alice")
    terminal.run("balance", "--meter", "minutes", code=ExitCode.BAD_INPUT)
    terminal.run("account", "new", "bob")
    terminal.run("balance", "--meter", "minutes", code=ExitCode.BAD_INPUT)


def test_problems_are_shown_and_change_the_exit_code(terminal: Terminal) -> None:
    """Hostile text in a problem is made harmless; the figures stay on standard output."""
    terminal.run("account", "new", "alice")
    account = AccountId(terminal.run("balance", "--json").json["account"])
    with Store.open(Home(terminal.home).store_path) as store:
        with store.read() as reader:
            stream = reader.stream(account, "tokens")
            assert stream is not None
        problem = Problem(code=ProblemCode.FORK, message="seq 2: \x1b]52;c;evil\x07 \u202e", seq=2)
        store.write(lambda transaction: transaction.add_problems(stream.stream_no, [problem]))
    outcome = terminal.run("balance", code=ExitCode.PROBLEMS)
    assert "5,000 tokens" in outcome.out
    assert "problem: seq 2" in outcome.err
    assert set() == controls_in(outcome.err)
    assert {"\x1b", "\x07", "\u202e"} == controls_in(problem.message), "control: printed raw it would obey"
    (found,) = terminal.run("balance", "--json", code=ExitCode.PROBLEMS).json["problems"]
    assert ("fork", 2) == (found["code"], found["seq"])
