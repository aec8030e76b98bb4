"""`quote|accuracy`: what an action will cost, before it runs, and how good that was."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from tests.terminal import Terminal, controls_in, follower_terminal, operator_terminal

EXPERIMENT = ("alice", "experiment-creation")
CLAUDE = ("--model", "claude-sonnet-4-5")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An operator on 1 February 2026 with one account on the standard plan."""
    operator = operator_terminal(tmp_path)
    operator.run("account", "new", "alice")
    return operator


@pytest.fixture
def lab(tmp_path: Path) -> Terminal:
    """An operator who charges what the models cost, with a team and somebody on the free tier."""
    operator = operator_terminal(tmp_path, "--catalogue", "prompt_lab")
    operator.run("account", "new", "team", "--plan", "teams")
    operator.run("account", "new", "free", "--plan", "free")
    return operator


def chats(terminal: Terminal, count: int) -> None:
    """So many chats of 201 tokens and more."""
    for number in range(1, count + 1):
        terminal.run("record", "alice", "magic-mentor", "--tokens", f"{200 + number}", "--key", f"c{number}")


def test_the_preview_before_an_experiment(terminal: Terminal) -> None:
    """What it costs with its options, and what is left: 5,000 − 4,400 = 600."""
    outcome = terminal.run("quote", *EXPERIMENT, "--add-on", "images")
    assert [
        "Experiment Creation: 4,100 to 4,700, typically 4,400 tokens ($6.60)",
        "  from      the catalogue's estimate",
        "  [x] Text only (5 lessons)                3,900  $5.85",
        "  [x] Images (5 diagrams)                    500  $0.75",
        "  [ ] Audio narration (5 lessons)          5,000  $7.50",
        "  [ ] Video curation                           0  $0.00",
        "  balance   5,000 now, 600 afterwards (300 to 900)",
    ] == outcome.lines
    assert [
        "note: What is left afterwards does not cover the same action again.",
        "note: Afterwards the balance is low: fewer than 1,000 tokens.",
    ] == outcome.err.splitlines()


def test_a_fixed_price_has_no_range(terminal: Terminal) -> None:
    """Nor a list of options where there are none."""
    assert [
        "Profile Matching: 300 tokens ($0.45)",
        "  from      a fixed price",
        "  balance   5,000 now, 4,700 afterwards",
    ] == terminal.run("quote", "alice", "profile-matching").lines


def test_what_would_be_refused_is_said_with_what_would_help(terminal: Terminal) -> None:
    """The quote is given all the same."""
    outcome = terminal.run("quote", *EXPERIMENT, "--add-on", "images", "--add-on", "audio")
    assert "  balance   5,000 now, -4,400 afterwards (-4,700 to -4,100)" in outcome.lines
    assert [
        "It would be refused: 9,400 tokens are needed and 5,000 are left",
        "- Wait for the next allowance. It comes at 2026-03-01 00:00:00 UTC.",
        "- Leave out Audio narration (5 lessons): 5,000 tokens less.",
        "- Buy pack-10: 5,800 tokens for $10.00.",
    ] == outcome.err.splitlines()


def test_what_only_the_highest_cost_would_pass_is_said(terminal: Terminal) -> None:
    """A budget of 4,000 keeps the typical 3,900, and not 4,200."""
    terminal.run("budget", "set", "alice", "--tokens", "4000", "--enforce", "hard")
    err = terminal.run("quote", *EXPERIMENT).err
    assert "At its highest cost it would be refused: 4,200 tokens are needed" in err
    answer = terminal.run("quote", *EXPERIMENT, "--json").json
    assert (True, False, "budget_reached") == (
        answer["decision"]["is_allowed"],
        answer["refused_at_high"]["is_allowed"],
        answer["refused_at_high"]["code"],
    )


def test_ones_own_actions_make_the_range(terminal: Terminal) -> None:
    """From the twentieth on."""
    chats(terminal, 19)
    assert "  from      the catalogue's estimate" in terminal.run("quote", "alice", "magic-mentor").lines
    terminal.run("record", "alice", "magic-mentor", "--tokens", "220", "--key", "c20")
    assert [
        "Magic Mentor: 202 to 218, typically 210 tokens ($0.32)",
        "  from      your last 20: percentiles 10, 50 and 90",
    ] == terminal.run("quote", "alice", "magic-mentor").lines[:2]


def test_in_and_out_are_told_apart_and_cheaper_models_named(lab: Terminal) -> None:
    """2,000 in at $3 and 500 out at $15 are 1,350 tokens of a hundred-thousandth of a dollar."""
    counts = ("--prompt-tokens", "2000", "--completion-tokens", "500")
    outcome = lab.run("quote", "team", "prompt-run", *CLAUDE, *counts)
    assert [
        "Prompt run: 1,350 tokens ($0.01)",
        "  from      the prompt tokens that you stated",
        "  in        2,000 of the model's tokens: 600 ($0.00)",
        "  out       500 of the model's tokens: 750 ($0.01)",
        "  balance   400,000 now, 398,650 afterwards",
        "  cheaper   GPT-5 mini: about 150, saves 1,200 tokens (89 %)",
        "  cheaper   Gemini 2.5 Flash: about 185, saves 1,165 tokens (86 %)",
        "  cheaper   GPT-5: about 750, saves 600 tokens (44 %)",
    ] == outcome.lines
    assert "" == outcome.err


def test_a_tier_without_the_full_preview_sees_tokens(lab: Terminal) -> None:
    """No dollars, no sides, no other models; but what would be refused, as everywhere."""
    counts = ("--prompt-tokens", "20000", "--completion-tokens", "0")
    outcome = lab.run("quote", "free", "prompt-run", *CLAUDE, *counts)
    assert [
        "Prompt run: 6,000 tokens",
        "  from      the prompt tokens that you stated",
        "  balance   100,000 now, 94,000 afterwards",
    ] == outcome.lines


def test_too_large_an_action_is_told_to_be_split(lab: Terminal) -> None:
    """Into how many parts, and which models would do: 30,000 tokens where 10,000 may be used at once."""
    counts = ("--prompt-tokens", "50000", "--completion-tokens", "10000")
    answer = lab.run("quote", "free", "prompt-run", *CLAUDE, *counts, "--json").json["decision"]
    assert ("action_too_large", 30_000, 10_000) == (answer["code"], answer["needed"], answer["left"])
    assert [("split", ""), ("other_model", "gemini-2.5-flash"), ("other_model", "gpt-5-mini")] == [
        (one["kind"], one["name"]) for one in answer["help"]
    ]
    shown = lab.run("quote", "free", "prompt-run", *CLAUDE, *counts).err
    assert "- Split it into 3 parts of at most 10,000 tokens." in shown.splitlines()


def test_a_prompt_is_counted_and_never_kept(lab: Terminal, tmp_path: Path) -> None:
    """From a file or standard input; the store holds not a word of it."""
    text = "tiktoken is great! zanzibar"
    file = tmp_path / "prompt.txt"
    file.write_text(text, "utf-8")
    arguments = (
        "quote",
        "team",
        "prompt-run",
        "--model",
        "gpt-5",
        "--completion-tokens",
        "10",
        "--prompt-file",
    )
    by_file = lab.run(*arguments, str(file))
    assert "  from      the prompt, counted by o200k_base" in by_file.lines
    assert by_file.out == lab.run(*arguments, "-", stdin=text.encode()).out
    answer = lab.run(*arguments, str(file), "--json")
    assert {"tokens": {"low": 8, "typical": 8, "high": 8}, "counted_by": "o200k_base"} == answer.json[
        "prompt"
    ]
    assert "zanzibar" not in answer.out
    for kept in lab.home.rglob("*"):
        assert not kept.is_file() or b"zanzibar" not in kept.read_bytes()


def test_what_cannot_be_counted_is_a_range(lab: Terminal) -> None:
    """Other vendors' models are reckoned from characters; how much comes out is not known either."""
    outcome = lab.run("quote", "team", "prompt-run", *CLAUDE, "--prompt-file", "-", stdin=b"a" * 4_000)
    assert "  from      the prompt, reckoned from its characters" in outcome.lines
    assert "  in        800 to 2,500, typically 1,000 of the model's tokens: 300 ($0.00)" in outcome.lines
    assert "note: nobody knows how much will come out; --completion-tokens states it." in outcome.err


def test_what_came_out_before_is_expected_again(lab: Terminal) -> None:
    """Of the same model, from twenty actions on."""
    for number in range(20):
        counts = ("--prompt-tokens", "100", "--completion-tokens", "300")
        lab.run("record", "team", "prompt-run", *CLAUDE, *counts, "--key", f"{number}")
    outcome = lab.run("quote", "team", "prompt-run", *CLAUDE, "--prompt-tokens", "1000")
    assert "  from      the prompt tokens that you stated, and what came out of your last 20" in outcome.lines
    assert "  out       300 of the model's tokens: 450 ($0.01)" in outcome.lines
    stated = lab.run("quote", "team", "prompt-run", "--tokens", "77").lines
    assert ["Prompt run: 77 tokens ($0.00)", "  from      what you stated"] == stated[:2]


def test_whoever_follows_a_ledger_sees_its_costs(terminal: Terminal, tmp_path: Path) -> None:
    """The same quote from the same entries, without a key; what the service keeps to itself is said."""
    chats(terminal, 20)
    events = tmp_path / "events.jsonl"
    terminal.run("events", "--output", str(events))
    follower = follower_terminal(tmp_path, terminal)
    outcome = follower.run("quote", "alice", "magic-mentor", code=ExitCode.BAD_INPUT)
    assert "unknown account" in outcome.err
    follower.run("import-events", str(events))
    account = terminal.run("account", "list", "--json").json[0]["account"]
    outcome = follower.run("quote", account, "magic-mentor")
    assert terminal.run("quote", "alice", "magic-mentor").out == outcome.out
    assert "is not published" in outcome.err


def test_a_quote_is_json_for_programs(terminal: Terminal) -> None:
    """Integers throughout; lines, balance and warnings as they are shown."""
    answer = terminal.run("quote", *EXPERIMENT, "--json").json
    assert (3_600, 3_900, 4_200, 5_850_000, "catalogue", 0, ["not_twice"]) == (
        answer["low"],
        answer["typical"],
        answer["high"],
        answer["typical_micro_dollars"],
        answer["basis"],
        answer["samples"],
        answer["warnings"],
    )
    assert (5_000, 1_100, 800, 1_400) == tuple(
        answer["remainder"][name] for name in ("before", "after", "after_low", "after_high")
    )
    assert ("tokens", None, 1_000, None, None, True) == (
        answer["meter"],
        answer["model"],
        answer["low_balance"],
        answer["prompt"],
        answer["refused_at_high"],
        answer["decision"]["is_allowed"],
    )


def test_reservations_are_compared_with_charges(terminal: Terminal) -> None:
    """By activity, and all together; JSON carries the same figures."""
    assert ["no action was reserved and settled yet, so there is nothing to compare"] == terminal.run(
        "accuracy", "alice"
    ).lines
    for key, tokens in (("a", "240"), ("b", "400")):
        hold = terminal.run("reserve", "alice", "magic-mentor", "--key", key).lines[1].strip()
        terminal.run("settle", hold, "--tokens", tokens)
    header, row, everything = terminal.run("accuracy", "alice").lines
    assert ["magic-mentor", "2", "500", "640", "1", "1", "4", "%", "60", "%"] == row.split()
    assert ["all", "2", "500", "640", "1", "1", "4", "%", "60", "%"] == everything.split()
    assert "within 10 %" in header
    rows = terminal.run("accuracy", "alice", "magic-mentor", "--json").json
    assert [("magic-mentor", 2, 500, 640), ("", 2, 500, 640)] == [
        (one["activity"], one["count"], one["quoted"], one["charged"]) for one in rows
    ]
    assert [] == terminal.run("accuracy", "alice", "quiz-generation", "--json").json


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "message"),
    [
        (("alice", "mind-reading"), b"", ExitCode.BAD_INPUT, "unknown activity"),
        (("bob", "magic-mentor"), b"", ExitCode.BAD_INPUT, "unknown account"),
        (("alice", "\x1b[2J"), b"", ExitCode.BAD_INPUT, "unknown activity"),
        (("alice", "magic-mentor", "--add-on", "images"), b"", ExitCode.BAD_INPUT, "unknown add-on"),
        (("alice", "magic-mentor", "--prompt-tokens", "-1"), b"", ExitCode.BAD_INPUT, "--prompt-tokens"),
        (("alice", "magic-mentor", "--prompt-tokens", "1.5"), b"", ExitCode.BAD_INPUT, "--prompt-tokens"),
        (("alice", "magic-mentor", "--completion-tokens", "5"), b"", ExitCode.BAD_INPUT, "not what goes in"),
        (("alice", "magic-mentor", "--prompt-tokens", "5"), b"", ExitCode.BAD_INPUT, "Name the model"),
        (
            ("alice", "magic-mentor", "--prompt-tokens", "5", "--prompt-file", "-"),
            b"x",
            ExitCode.BAD_INPUT,
            "both given",
        ),
        (
            ("alice", "magic-mentor", "--tokens", "9", "--prompt-tokens", "5"),
            b"",
            ExitCode.BAD_INPUT,
            "both stated",
        ),
        (("alice", "magic-mentor", "--prompt-file", "-"), b"\xff", ExitCode.BAD_INPUT, "not text in UTF-8"),
        (("alice", "magic-mentor", "--prompt-file", "missing"), b"", ExitCode.BAD_INPUT, "missing"),
        (("alice", "profile-matching", "--prompt-tokens", "5"), b"", ExitCode.BAD_INPUT, "does not depend"),
        (("alice", "magic-mentor", "--model", "nobodys"), b"", ExitCode.REFUSED, "no price is known"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    terminal: Terminal, arguments: tuple[str, ...], stdin: bytes, code: ExitCode, message: str
) -> None:
    """With a sentence; whatever is typed, a terminal obeys none of it."""
    outcome = terminal.run("quote", *arguments, code=code, stdin=stdin)
    assert message in outcome.err
    assert set() == controls_in(outcome.err)
    assert "" == outcome.out


def test_a_prompt_may_be_too_large(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes already, before it is decoded."""
    monkeypatch.setattr("nostr_usage.cli.quotes._PROMPT_BYTES_MAX", 8)
    outcome = terminal.run(
        "quote", "alice", "magic-mentor", "--prompt-file", "-", stdin=b"123456789", code=ExitCode.BAD_INPUT
    )
    assert "more than 8 bytes" in outcome.err
