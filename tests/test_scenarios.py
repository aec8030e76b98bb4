"""Scenarios for people to read: lines of tests/scenarios/*.txt are calls and, after an arrow, outcomes."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nostr_usage.errors import HoldError, IdempotencyError
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.refusal import Caution, Help, HelpKind, Refusal
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.spend import Spender
from nostr_usage.writing.intent import Intent, Used
from nostr_usage.writing.request import Action, Grant, Receipt
from tests.ledger.scenario import unix
from tests.operators import OperatorOfTests, operator_in

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
_STEP = re.compile(r"(\d\d-\d\d \d\d:\d\d)  (\w+) (.*?) *-> (.*)")
_HEADER = re.compile(r"catalogue (\w+), plan (\w+)")


@dataclass
class Player:
    """Carries out the lines of one scenario and says what came of each."""

    service: OperatorOfTests
    account: AccountId
    spender: Spender
    holds: dict[str, str] = field(default_factory=dict[str, str])
    recorded: int = 0

    def play(self, verb: str, words: list[str]) -> str:
        """The outcome of one line."""
        try:
            return getattr(self, f"_{verb}")(words)
        except IdempotencyError:
            return "error: the key was used for something else"
        except HoldError:
            return "error: the hold has ended"

    def _check(self, words: list[str]) -> str:
        answer = self.spender.check(self._intent(words))
        if isinstance(answer, Refusal):
            return _refused(answer)
        return f"yes, {answer.needed:,} of {answer.left:,}{_noted(answer.cautions)}"

    def _reserve(self, words: list[str]) -> str:
        key = _after(words, "as")
        assert key is not None, "a hold needs its key: `as k1`"
        answer = self.spender.reserve(self._intent(words), key=key)
        if isinstance(answer, Refusal):
            return _refused(answer)
        self.holds[key] = answer.hold_id
        again = "; again" if answer.is_repeat else ""
        return f"held {answer.tokens:,}, {self._available():,} left{again}{_noted(answer.cautions)}"

    def _settle(self, words: list[str]) -> str:
        receipt = self.spender.settle(self.holds[words[0]], Used(tokens=_number(words[1])))
        again = "; again" if receipt.is_repeat else ""
        return f"charged {receipt.entry.tokens:,}, {_left(receipt)}{again}{_alerted(receipt)}"

    def _void(self, words: list[str]) -> str:
        return f"given back {self.spender.void(self.holds[words[0]]).tokens:,}"

    def _buy(self, words: list[str]) -> str:
        self.recorded += 1
        grant = Grant(
            account=self.account,
            tokens=_number(words[0]),
            source=Source.PURCHASED,
            key=f"buy-{self.recorded}",
        )
        return _left(self.service.recorder.grant(grant))

    def _record(self, words: list[str]) -> str:
        count = int(words[1]) if words[-1] == "times" else 1
        for _ in range(count - 1):
            self._record_one(words)
        receipt = self._record_one(words)
        return f"{_left(receipt)}{_alerted(receipt)}"

    def _record_one(self, words: list[str]) -> Receipt:
        self.recorded += 1
        intent = self._intent(words)
        out = [measured_usage(words[1], {Bucket.OUTPUT: _number(words[2])})] if "out" in words else []
        return self.service.recorder.record(
            Action(
                account=self.account,
                activity=intent.activity,
                tokens=intent.tokens,
                usage=tuple(out),
                actor=intent.actor,
                key=f"record-{self.recorded}",
            )
        )

    def _budget(self, words: list[str]) -> str:
        scope, subject, period, tokens, enforcement = words
        budget = Budget(
            scope=Scope(scope),
            subject=subject,
            period=Period(period),
            tokens=_number(tokens),
            enforcement=Enforcement(enforcement),
        )
        self.spender.set_budget(self.account, budget)
        return "set"

    def _intent(self, words: list[str]) -> Intent:
        tokens = _after(words, "tokens")
        return Intent(
            account=self.account,
            activity=words[0],
            tokens=None if tokens is None else _number(tokens),
            add_ons=tuple((_after(words, "with") or "").split(",")) if "with" in words else (),
            model=_after(words, "model"),
            actor=_after(words, "by"),
        )

    def _available(self) -> int:
        with self.service.store.read() as reader:
            stream = reader.stream(self.account, "tokens")
            assert stream is not None
            newest = next(reader.entries(stream.stream_no, newest_first=True, limit=1))
            return newest.balance - reader.held(stream.stream_no, now=self.service.clock.now())


def _after(words: list[str], word: str) -> str | None:
    return words[words.index(word) + 1] if word in words else None


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _left(receipt: Receipt) -> str:
    return f"{receipt.entry.balance.total:,} left"


def _day(moment: int) -> str:
    text = datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M")
    return text.removesuffix(" 00:00")


def _refused(refusal: Refusal) -> str:
    resets = "" if refusal.resets_at is None else f", resets {_day(refusal.resets_at)}"
    helps = ", ".join(map(_help, refusal.help))
    return (
        f"refused {refusal.code} {refusal.status}, needs {refusal.needed:,}, has {refusal.left:,}{resets}"
        f"; {helps}"
    )


def _help(one: Help) -> str:
    raised = f" {one.tokens:,}" if one.kind is HelpKind.RAISE_BUDGET else ""
    return f"{one.kind} {one.name}{raised}".strip()


def _noted(cautions: tuple[Caution, ...]) -> str:
    return "".join(f"; note: {caution.message}" for caution in cautions)


def _alerted(receipt: Receipt) -> str:
    alerts = ", ".join(
        f"{alert.kind} {alert.subject} {alert.threshold}".replace("  ", " ") for alert in receipt.alerts
    )
    return f"; alert: {alerts}" if alerts else ""


@contextmanager
def playing(directory: Path, text: str) -> Generator[Player]:
    """Somebody with an account on the catalogue and plan that the scenario names, since 1 February."""
    header = _HEADER.search(text)
    assert header, "a scenario names its catalogue and plan"
    catalogue, plan = header.groups()
    with operator_in(directory, catalogue=load_catalogue(catalogue)) as service:
        spender = Spender(store=service.store, operator=service.operator, catalogue=service.catalogue)
        yield Player(service=service, account=service.open_account(plan=plan), spender=spender)


def outcomes(directory: Path, text: str) -> Iterator[tuple[str, str]]:
    """Each line with what it says will come of it, and what did."""
    with playing(directory, text) as player:
        for line in text.splitlines():
            step = _STEP.fullmatch(line)
            if step is None:
                assert "->" not in line, f"not a step: {line}"
                continue
            moment, verb, words, _ = step.groups()
            player.service.clock.set(unix(moment))
            yield line, f"{line.partition(' -> ')[0]} -> {player.play(verb, words.split())}"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_the_scenario_says_comes_true(path: Path, tmp_path: Path) -> None:
    """Line by line, as it is written."""
    said, came = zip(*outcomes(tmp_path, path.read_text("utf-8")), strict=True)
    assert said == came


def test_a_scenario_that_says_something_else_fails(tmp_path: Path) -> None:
    """Control: an outcome that is wrong by one token is seen."""
    text = "catalogue transparency, plan standard\n02-14 10:00  check magic-mentor -> yes, 250 of 5,001\n"
    ((said, came),) = outcomes(tmp_path, text)
    assert said != came
    assert said.replace("5,001", "5,000") == came
