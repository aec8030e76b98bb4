"""Plays scenarios for people to read: each line is a call and, after an arrow, what comes of it.

    catalogue NAME, plan PLAN
    catalogue NAME, plan PLAN, renewed every_days 28 in UTC, keeping 1,000 for 2, opened 2024-01-31

    02-14 10:00  record chat tokens 500 as c1   -> 4,500 left
    02-14 10:01  refund c1 200                  -> given back 200, 4,700 left

Times are those of UTC, in 2026 unless they name a year. What is `renewed` and `keeping` changes the plan.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nostr_usage.errors import HoldError, IdempotencyError, LedgerError
from nostr_usage.ledger.entry import AccountId, EntryId, Operation, Source
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.refusal import Caution, Help, HelpKind, Refusal, RefusalCode
from nostr_usage.ledger.window import Period
from nostr_usage.organise import Organiser
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.offers import Cycle, CycleKind, Rollover
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.report import balance_view, stream_of
from nostr_usage.reporting.analytics import statement_view
from nostr_usage.spend import Spender
from nostr_usage.subscribe import Subscriber
from nostr_usage.transfer import Transfers
from nostr_usage.writing.intent import Intent, Used
from nostr_usage.writing.request import (
    Action,
    Gift,
    Grant,
    PlanChange,
    Receipt,
    Refund,
    Restoration,
    Reversal,
)
from tests.ledger.scenario import unix
from tests.operators import FEBRUARY_1, OperatorOfTests, operator_in

_STEP = re.compile(r"((?:\d{4}-)?\d\d-\d\d \d\d:\d\d)  ([\w-]+)(?: +(.*?))? *-> (.*)")
_ID = re.compile("[0-9a-f]{64}")
_HEADER = re.compile(
    r"catalogue (?P<catalogue>\w+), plan (?P<plan>\w+)"
    r"(?:, renewed (?P<kind>\w+)(?: (?P<days>\d+))? in (?P<zone>[\w/]+))?"
    r"(?:, keeping (?P<cap>[\d,]+) for (?P<cycles>\d+))?"
    r"(?:, opened (?P<opened>[-\d]+(?: [\d:]+)?))?"
)


@dataclass
class Player:
    """Carries out the lines of one scenario and says what came of each."""

    service: OperatorOfTests
    account: AccountId
    spender: Spender
    holds: dict[str, str] = field(default_factory=dict[str, str])
    entries: dict[str, EntryId] = field(default_factory=dict[str, EntryId])
    others: dict[str, AccountId] = field(default_factory=dict[str, AccountId])
    requests: int = 0

    def play(self, verb: str, words: list[str]) -> str:
        """The outcome of one line."""
        try:
            return getattr(self, f"_{verb.replace('-', '_')}")(words)
        except IdempotencyError:
            return "error: the key was used for something else"
        except HoldError:
            return "error: the hold has ended"
        except LedgerError as error:
            return f"error: {_ID.sub('…', error.message)}"

    def _check(self, words: list[str]) -> str:
        answer = self.spender.check(self._intent(words))
        if isinstance(answer, Refusal):
            return _refused(answer)
        return f"yes, {answer.needed:,} of {answer.left:,}{_noted(answer.cautions)}"

    def _reserve(self, words: list[str]) -> str:
        key = _after(words, "as")
        assert key is not None, "a hold needs its key: `as k1`"
        intent = self._intent(words)
        answer = self.spender.reserve(intent, key=key)
        if isinstance(answer, Refusal):
            return _refused(answer)
        self.holds[key] = answer.hold_id
        again = "; again" if answer.is_repeat else ""
        left = self._available(self._meter(intent.activity))
        return f"held {answer.tokens:,}, {left:,} left{again}{_noted(answer.cautions)}"

    def _settle(self, words: list[str]) -> str:
        tokens = _number(words[1]) if len(words) > 1 else None
        receipt = self.spender.settle(self.holds[words[0]], Used(tokens=tokens))
        again = "; again" if receipt.is_repeat else ""
        return f"charged {receipt.entry.tokens:,}, {_left(receipt)}{again}{_alerted(receipt)}"

    def _void(self, words: list[str]) -> str:
        return f"given back {self.spender.void(self.holds[words[0]]).tokens:,}"

    def _buy(self, words: list[str]) -> str:
        return self._granted(words[0], Source.PURCHASED, words)

    def _promise(self, words: list[str]) -> str:
        """A promotion, which ends: `promise 500 until 02-20`."""
        return self._granted(words[0], Source.PROMO, words)

    def _granted(self, tokens: str, source: Source, words: list[str]) -> str:
        until = _after(words, "until")
        grant = Grant(
            account=self.account,
            tokens=_number(tokens),
            source=source,
            key=self._key(),
            expires_at=None if until is None else unix(until),
            meter=_after(words, "of"),
        )
        return _left(self._named(self.service.recorder.grant(grant), words))

    def _record(self, words: list[str]) -> str:
        count = int(words[-2]) if words[-1] == "times" else 1
        for _ in range(count - 1):
            self._record_one(words)
        receipt = self._named(self._record_one(words), words)
        return f"{_left(receipt)}{_alerted(receipt)}"

    def _record_one(self, words: list[str]) -> Receipt:
        intent, late = self._intent(words), _after(words, "of")
        out = [measured_usage(words[1], {Bucket.OUTPUT: _number(words[2])})] if "out" in words else []
        return self.service.recorder.record(
            Action(
                account=self.account,
                activity=intent.activity,
                tokens=intent.tokens,
                usage=tuple(out),
                add_ons=intent.add_ons,
                actor=intent.actor,
                occurred_at=None if late is None else unix(late.replace("T", " ")),
                key=self._key(),
            )
        )

    def _refund(self, words: list[str]) -> str:
        tokens = None if words[1] == "all" else _number(words[1])
        refund = Refund(entry_id=self.entries[words[0]], tokens=tokens, key=self._key())
        receipt = self.service.recorder.refund(refund)
        return f"given back {receipt.entry.tokens:,}, {_left(receipt)}"

    def _charge_back(self, words: list[str]) -> str:
        tokens = None if words[1] == "all" else _number(words[1])
        reversal = Reversal(entry_id=self.entries[words[0]], tokens=tokens, key=self._key())
        receipt = self._named(self._transfers.reverse(reversal), words)
        return f"taken back {receipt.entry.tokens:,}, {_left(receipt)}"

    def _win(self, words: list[str]) -> str:
        restoration = Restoration(entry_id=self.entries[words[0]], key=self._key())
        receipt = self._transfers.restore(restoration)
        return f"restored {receipt.entry.tokens:,}, {_left(receipt)}"

    def _gift(self, words: list[str]) -> str:
        name = words[-1]
        if name not in self.others:
            self.others[name] = self.service.open_account(name, plan=None)
        gift = Gift(giver=self.account, receiver=self.others[name], tokens=_number(words[0]), key=self._key())
        given = self._transfers.give(gift)
        return f"{_left(given.taken)}, {name} has {given.given.entry.balance.total:,}"

    def _plan(self, words: list[str]) -> str:
        subscriber = Subscriber(
            store=self.service.store, operator=self.service.operator, catalogue=self.service.catalogue
        )
        plan = None if words[0] == "none" else words[0]
        changed = subscriber.change_plan(PlanChange(account=self.account, plan=plan, key=self._key()))
        is_now = changed.effective_at <= self.service.clock.now()
        since = "now" if is_now else f"from {_day(changed.effective_at)}"
        return f"{since}, {self._balance(words[1:])}"

    def _balance(self, words: list[str]) -> str:
        meter = words[0] if words else self.service.catalogue.default_meter
        self.service.recorder.tick(self.account)
        with self.service.store.read() as reader:
            stream = stream_of(reader, self.account, meter)
            view = balance_view(reader, stream, now=self.service.clock.now(), token_value=1)
        resets = "nothing resets" if view.resets_at is None else f"resets {_day(view.resets_at)}"
        return f"{view.tokens:,} left, {view.used_this_cycle:,} used, {resets}"

    def _lots(self, _words: list[str]) -> str:
        with self.service.store.read() as reader:
            stream = stream_of(reader, self.account, self.service.catalogue.default_meter)
            view = balance_view(reader, stream, now=self.service.clock.now(), token_value=1)
        return ", ".join(
            f"{lot.remaining:,} {lot.source}"
            + ("" if lot.expires_at is None else f" until {_day(lot.expires_at)}")
            for lot in view.lots
        )

    def _statement(self, words: list[str]) -> str:
        with self.service.store.read() as reader:
            stream = stream_of(reader, self.account, self.service.catalogue.default_meter)
            view = statement_view(reader, stream, words[0])
        figures = (
            ("granted", "+", view.granted),
            ("bought", "+", view.purchased),
            ("refunded", "+", view.refunded),
            ("used", "-", view.used),
            ("lapsed", "-", view.expired),
            ("taken back", "-", view.reversed),
        )
        shown = "".join(f" {sign} {tokens:,} {name}" for name, sign, tokens in figures if tokens)
        return f"{view.opening:,}{shown} = {view.closing:,}"

    def _renewals(self, _words: list[str]) -> str:
        """When each allowance came."""
        self.service.recorder.tick(self.account)
        with self.service.store.read() as reader:
            stream = stream_of(reader, self.account, self.service.catalogue.default_meter)
            rows = [row for row in reader.entries(stream.stream_no) if row.operation is Operation.GRANT]
        return ", ".join(_day(row.occurred_at) for row in rows if row.lot_source is Source.ALLOWANCE)

    def _organise(self, words: list[str]) -> str:
        """`organise department sales`, `member maria of sales`, `move maria to sales`, `without maria`."""
        organiser = Organiser(store=self.service.store, operator=self.service.operator)
        match words:
            case ["department", name]:
                organiser.found(self.account)
                organiser.add_department(self.account, name, public_name=name)
            case ["member", name, *_]:
                department = _after(words, "of")
                organiser.add_member(self.account, name, department=department, public_name=name)
            case ["move", name, "to", department]:
                organiser.move_member(self.account, name, department)
            case _:
                organiser.remove_member(self.account, words[-1])
        return "done"

    def _budget(self, words: list[str]) -> str:
        scope, *subject, period, tokens, enforcement = words
        budget = Budget(
            scope=Scope(scope),
            subject="".join(subject),
            period=Period(period),
            tokens=_number(tokens),
            enforcement=Enforcement(enforcement),
        )
        self.spender.set_budget(self.account, budget)
        return "set"

    @property
    def _transfers(self) -> Transfers:
        return Transfers(
            store=self.service.store, operator=self.service.operator, catalogue=self.service.catalogue
        )

    def _key(self) -> str:
        self.requests += 1
        return f"request-{self.requests}"

    def _named(self, receipt: Receipt, words: list[str]) -> Receipt:
        name = _after(words, "as")
        if name is not None:
            self.entries[name] = receipt.entry_id
        return receipt

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

    def _meter(self, activity: str) -> str:
        return self.service.catalogue.activity(activity).meter or self.service.catalogue.default_meter

    def _available(self, meter: str) -> int:
        with self.service.store.read() as reader:
            stream = stream_of(reader, self.account, meter)
            newest = next(reader.entries(stream.stream_no, newest_first=True, limit=1))
            return newest.balance - reader.held(stream.stream_no, now=self.service.clock.now())


def outcomes(directory: Path, text: str) -> Iterator[tuple[str, str]]:
    """Each line with what it says will come of it, and what did."""
    with _playing(directory, text) as player:
        for line in text.splitlines():
            step = _STEP.fullmatch(line)
            if step is None:
                assert "->" not in line, f"not a step: {line}"
                continue
            moment, verb, words, _ = step.groups()
            player.service.clock.set(unix(moment))
            came = player.play(verb, (words or "").split())
            if moment[4] != "-":
                came = came.replace("2026-", "")
            yield line, f"{line.partition(' -> ')[0]} -> {came}"


@contextmanager
def _playing(directory: Path, text: str) -> Generator[Player]:
    """Somebody with an account on the catalogue and plan that the scenario names, since 1 February."""
    found = _HEADER.search(text)
    assert found, "a scenario names its catalogue and plan"
    opened = unix(found["opened"]) if found["opened"] else FEBRUARY_1
    with operator_in(directory, catalogue=_catalogue(found), now=opened) as service:
        spender = Spender(store=service.store, operator=service.operator, catalogue=service.catalogue)
        yield Player(service=service, account=service.open_account(plan=found["plan"]), spender=spender)


def _catalogue(found: re.Match[str]) -> Catalogue:
    """The built-in catalogue, its plan changed as the scenario says."""
    catalogue = load_catalogue(found["catalogue"])
    changes: dict[str, object] = {}
    if found["kind"]:
        days = int(found["days"]) if found["days"] else None
        changes["cycle"] = Cycle(kind=CycleKind(found["kind"]), days=days, zone=found["zone"])
    if found["cap"]:
        changes["rollover"] = Rollover(cap=_number(found["cap"]), cycles=int(found["cycles"]))
    plans = tuple(
        plan.model_copy(update=changes) if plan.name == found["plan"] else plan for plan in catalogue.plans
    )
    return catalogue.model_copy(update={"plans": plans})


def _after(words: list[str], word: str) -> str | None:
    return words[words.index(word) + 1] if word in words else None


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _left(receipt: Receipt) -> str:
    return f"{receipt.entry.balance.total:,} left"


def _day(moment: int) -> str:
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")
    return text.removesuffix(" 00:00")


def _refused(refusal: Refusal) -> str:
    resets = "" if refusal.resets_at is None else f", resets {_day(refusal.resets_at)}"
    helps = ", ".join(map(_help, refusal.help))
    if refusal.code is RefusalCode.NOT_A_MEMBER:
        return f"refused {refusal.code} {refusal.status}"
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
