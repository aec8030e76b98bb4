"""`report`: files of an account, an organisation or all; what it refuses, it refuses before it writes."""

from __future__ import annotations

import csv
import io
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.store import Store, StreamStatus
from tests.operators import DAY_S, FEBRUARY_1
from tests.terminal import Terminal, controls_in, feed, follower_terminal, operator_terminal

MARCH_3 = FEBRUARY_1 + 30 * DAY_S


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """An operator with the feed's account, in an empty directory of their own, after February."""
    operator = operator_terminal(tmp_path)
    feed(operator)
    operator.clock.set(MARCH_3)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return operator


def written() -> list[str]:
    """The names of the files in the working directory."""
    return sorted(path.name for path in Path().iterdir())


def test_report_is_named_for_account_and_month(terminal: Terminal) -> None:
    """In each form that is asked for; of `last` as well."""
    outcome = terminal.run("report", "alice", "--month", "2026-02", "--pdf", "--html", "--csv")
    assert ["usage-alice-2026-02.csv", "usage-alice-2026-02.html", "usage-alice-2026-02.pdf"] == written()
    assert "wrote usage-alice-2026-02.pdf" in outcome.lines
    assert "" == outcome.err
    assert Path("usage-alice-2026-02.pdf").read_bytes().startswith(b"%PDF-")
    again = terminal.run("report", "alice", "--month", "last", "--csv", "other.csv", "--json")
    assert {"month": "2026-02", "files": ["other.csv"]} == again.json
    assert Path("other.csv").read_bytes() == Path("usage-alice-2026-02.csv").read_bytes()


def test_csv_goes_to_standard_output(terminal: Terminal) -> None:
    """And nothing else does; the figures are those of the statement."""
    outcome = terminal.run("report", "alice", "--month", "last", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    statement = terminal.run("statement", "alice", "--month", "last", "--json").json
    assert statement["closing"] == int(rows[-1]["month_balance"]) == sum(int(row["tokens"]) for row in rows)
    assert [] == written()


def test_month_that_runs_is_said_to_run(terminal: Terminal) -> None:
    """Beside the report, which is done."""
    outcome = terminal.at(FEBRUARY_1 + 15 * DAY_S, "report", "alice", "--csv")
    assert "alice, 2026-02: not final. The month is not over" in outcome.err


def test_conflict_ends_with_problems_found(terminal: Terminal) -> None:
    """The file is there, and says that it is not final."""
    with Store.open(terminal.home / "ledger.sqlite") as store:
        store.write(lambda transaction: transaction.set_status(1, StreamStatus.CONFLICT))
    outcome = terminal.run("report", "alice", "--month", "last", "--html", code=ExitCode.PROBLEMS)
    assert "not final. Conflict:" in outcome.err
    assert "NOT FINAL" in Path("usage-alice-2026-02.html").read_text("utf-8")


def test_follower_reports_too(terminal: Terminal, tmp_path: Path) -> None:
    """What was published: signed, linked and adding up, as they can see for themselves."""
    exported = tmp_path / "events.jsonl"
    exported.write_text(terminal.run("events", "--jsonl").out)
    follower = follower_terminal(tmp_path, terminal)
    follower.run("import-events", str(exported))
    found = [one.run("report", "--month", "2026-02", "--csv", "-") for one in (terminal, follower)]
    ids = [[row["entry_id"] for row in csv.DictReader(io.StringIO(one.out))] for one in found]
    assert ids[0] == ids[1]
    page = follower.run("report", "--month", "2026-02", "--html", "-").out
    assert "Proved: every entry is signed, linked and adds up." in page


def test_all_accounts_in_one_run(terminal: Terminal) -> None:
    """One file for each that had a month, two labels of one name kept apart; none for who came later."""
    for label in ("acme & co", "acme co", "acme/co"):
        terminal.at(FEBRUARY_1 + 20 * DAY_S, "account", "new", label)
    terminal.at(MARCH_3, "account", "new", "late")
    terminal.run("report", "--all", "--month", "last", "--csv", "--directory", ".")
    names = written()
    assert 4 == len(names)
    assert {"usage-alice-2026-02.csv", "usage-acme-co-2026-02.csv"} < set(names)
    assert 2 == sum(name.startswith("usage-acme-co-") and len(name) > 30 for name in names)


def test_all_refuses_before_it_writes(terminal: Terminal) -> None:
    """One file that is there keeps all others from being written; `--force` replaces it."""
    terminal.run("account", "new", "bob")
    Path("usage-bob-2026-03.csv").write_text("mine")
    assert "usage-bob-2026-03.csv is there already" in (
        terminal.run("report", "--all", "--csv", code=ExitCode.BAD_INPUT).err
    )
    assert ["usage-bob-2026-03.csv"] == written()
    terminal.run("report", "--all", "--csv", "--force")
    assert "mine" != Path("usage-bob-2026-03.csv").read_text()


def test_plan_decides_which_reports_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all accounts, those get a form whose tier has it; for one alone the others are refused."""
    terminal = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    for plan in ("free", "teams", "enterprise"):
        terminal.run("account", "new", plan, "--plan", plan)
        terminal.run(
            *(
                "record",
                plan,
                "prompt-run",
                "--model",
                "gpt-5",
                "--prompt-tokens",
                "100",
                "--completion-tokens",
                "9",
                "--key",
                "k",
            )
        )
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    terminal.run("report", "--all", "--pdf")
    terminal.run("report", "--all", "--csv")
    assert [
        "usage-enterprise-2026-02.csv",
        "usage-enterprise-2026-02.pdf",
        "usage-teams-2026-02.csv",
    ] == written()
    refused = terminal.run("report", "teams", "--pdf", "-", code=ExitCode.REFUSED)
    assert "the plan Teams does not include: Scheduled PDF reports" in refused.err
    pages = [terminal.run("report", name, "--html", "-").out for name in ("free", "teams")]
    assert [False, True] == ["By model" in page for page in pages]


def test_cron_line_runs_as_printed(terminal: Terminal, tmp_path: Path) -> None:
    """Five fields and a command; a percent sign, which ends commands there, is escaped."""
    directory = tmp_path / "50% of reports"
    directory.mkdir()
    line = terminal.run("report", "--all", "--cron", "--csv", "--directory", str(directory)).out.strip()
    minute, hour, day, month, weekday, command = line.split(" ", 5)
    assert ("*", "*", True) == (month, weekday, int(day) > 2 and minute.isdigit() and hour.isdigit())
    assert "\\%" in command
    words = shlex.split(command.replace("\\%", "%"))
    assert ["nostr-usage", "--home", str(terminal.home)] == words[:3]
    terminal.run(*words[3:])
    terminal.run(*words[3:])
    assert ["usage-alice-2026-02.csv"] == [path.name for path in directory.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "whose"),
    [(("alice",), ["alice"]), (("--org", "acme & co"), ["--org", "acme & co"]), ((), ["--all"])],
)
def test_cron_line_is_for_whom_it_was_asked(
    terminal: Terminal, arguments: tuple[str, ...], whose: list[str]
) -> None:
    """One account, one organisation, or all of them."""
    line = terminal.run("report", *arguments, "--cron", "--html").out.strip()
    words = shlex.split(line.split(" ", 5)[5])
    assert ["report", *whose, "--month"] == words[3 : 5 + len(whose)]


def test_private_texts_can_stay_out(terminal: Terminal) -> None:
    """For whoever gets the report but not the descriptions."""
    for options, is_there in (((), True), (("--without-descriptions",), False)):
        text = terminal.run("report", "alice", "--month", "last", "--html", "-", *options).out
        assert is_there == ("boundaries" in text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("alice",), "nothing was asked for"),
        (("nobody", "--csv"), "unknown account 'nobody'"),
        (("alice", "--csv", "--month", "2026-13"), "'2026-13' is not a month"),
        (("alice", "--csv", "--month", "2027-01"), "2027-01 has not begun"),
        (("alice", "--csv", "--org", "alice"), "exclude each other"),
        (("alice", "--csv", "--all"), "exclude each other"),
        (("--all", "--csv", "file.csv"), "--all writes several files"),
        (("alice", "--csv", "-", "--html"), "standard output takes one report"),
        (("alice", "--csv", "-", "--json"), "the report or --json"),
        (("alice", "--csv", "--meter", "lead_generation"), "unknown account"),
        (("--org", "alice", "--csv"), "unknown organisation 'alice'"),
        (("alice", "--csv", "no/such/place.csv"), "cannot write"),
        (("alice", "--csv", "--directory", "missing"), "cannot write"),
    ],
)
def test_what_makes_no_sense_writes_nothing(
    terminal: Terminal, arguments: tuple[str, ...], said: str
) -> None:
    """Each with a sentence, and exit code 2."""
    outcome = terminal.run("report", *arguments, code=ExitCode.BAD_INPUT)
    assert said in outcome.err
    assert ("", [], set[str]()) == (outcome.out, written(), controls_in(outcome.err))


def test_pdf_is_not_for_a_terminal(terminal: Terminal) -> None:
    """In a pipe it is."""
    arguments = ("report", "alice", "--month", "2026-02", "--pdf", "-")
    refused = terminal.run(*arguments, code=ExitCode.BAD_INPUT, is_terminal=True)
    assert "a PDF is not for a terminal" in refused.err
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "from nostr_usage.cli.start import run; run()"
    piped = subprocess.run(
        [sys.executable, "-c", code, "--home", str(terminal.home), *arguments],
        capture_output=True,
        env=environment,
        check=False,
        timeout=60,
    )
    assert piped.stdout.startswith(b"%PDF-"), piped.stderr


def test_several_accounts_need_a_name(terminal: Terminal) -> None:
    """No account is picked by chance."""
    terminal.run("account", "new", "bob")
    assert "several accounts" in terminal.run("report", "--csv", code=ExitCode.BAD_INPUT).err


def test_interrupted_command_leaves_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the file is written: the code of an interruption, and an empty directory."""

    def interrupt(_descriptor: int) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "fsync", interrupt)
    terminal.run("report", "alice", "--month", "last", "--pdf", code=ExitCode.INTERRUPTED)
    assert [] == written()
