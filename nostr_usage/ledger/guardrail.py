"""Guardrails: what may be spent, decided from facts before an action runs.

    no AI in the plan ─▶ largest action ─▶ rate limits ─▶ budgets ─▶ nothing left ─▶ not enough ─▶ allowed

The first that refuses is the answer, so the list goes from what no waiting mends to what a purchase mends.
Nothing is looked up here: who asks brings the facts, read in the transaction that acts on the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.amount import divide_up
from nostr_usage.ledger.refusal import Caution, CautionCode, Help, HelpKind, Refusal, RefusalCode
from nostr_usage.ledger.window import Period


class Scope(StrEnum):
    """Whose or what's spending a rule counts."""

    ACCOUNT = "account"
    MEMBER = "member"
    GROUP = "group"
    MODEL = "model"
    ACTIVITY = "activity"


class Enforcement(StrEnum):
    """What happens where a limit would be passed."""

    WARN = "warn"
    """It is said, and the action goes on."""
    REFUSE = "refuse"
    """The action does not run."""
    RAISE_OR_WAIT = "raise_or_wait"
    """It does not run until its owner raises the limit, or the next window begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `actions` within any `window_s` seconds, for the account or for each member."""

    actions: int
    window_s: int
    scope: Scope = Scope.ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most `tokens` in a day or month, for one `subject` of a scope, or for each if it is empty.

    Debits count in full, refunded or not; what is held counts as spent.
    """

    scope: Scope
    period: Period
    tokens: int
    enforcement: Enforcement
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrails:
    """The rules of one account.

    Attributes:
        allows_ai: False for a plan without AI.
        action_max: tokens of the largest single action; None is no limit.
        split_advice: what to tell who passes it; empty for a sentence of ours.
        at_zero: `WARN` lets an account spend into debt, everything else blocks it.
        low_balance: tokens below which a balance is low.
        thresholds: percents at which its owner is told, ascending.
        zone: of budgets' days and months.
        statuses: HTTP statuses of refusals; 403 where none is given.
    """

    allows_ai: bool = True
    action_max: int | None = None
    split_advice: str = ""
    rate_limits: tuple[RateLimit, ...] = ()
    budgets: tuple[Budget, ...] = ()
    at_zero: Enforcement = Enforcement.REFUSE
    low_balance: int = 0
    thresholds: tuple[int, ...] = ()
    zone: str = "UTC"
    statuses: tuple[tuple[RefusalCode, int], ...] = ()

    def status(self, code: RefusalCode) -> int:
        """The HTTP status of a refusal."""
        return dict(self.statuses).get(code, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFact:
    """Actions within a limit's window, running ones included; `frees_at` is when one more may run.

    Below the limit, how many they are decides nothing: any lower number will do.
    """

    limit: RateLimit
    actions: int
    frees_at: int
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFact:
    """What was spent of a budget, holds included, for one subject, in the window that ends at `ends_at`."""

    budget: Budget
    spent: int
    ends_at: int
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decision is made from, all of one moment.

    Attributes:
        needed: tokens that the action is expected to use.
        balance: the balance of the stream, lapsed lots left out.
        held: tokens of open holds.
        resets_at: when the next allowance comes; None if none does.
    """

    needed: int
    balance: int
    held: int
    resets_at: int | None
    rates: tuple[RateFact, ...] = ()
    budgets: tuple[BudgetFact, ...] = ()

    @property
    def available(self) -> int:
        """What can still be promised to somebody; negative in debt."""
        return self.balance - self.held


def decide(rules: Guardrails, facts: Facts) -> Refusal | tuple[Caution, ...]:
    """Whether an action may run: a refusal, or what should be said beside the yes."""
    for refused in (
        _without_ai(rules, facts),
        _too_large(rules, facts),
        _too_often(rules, facts.rates),
        _over_budget(rules, facts),
        _short(rules, facts),
    ):
        if refused is not None:
            return refused
    return tuple(_cautions(rules, facts))


def _without_ai(rules: Guardrails, facts: Facts) -> Refusal | None:
    if rules.allows_ai:
        return None
    return Refusal(
        code=RefusalCode.NO_AI,
        message="the plan of this account has no AI features",
        needed=facts.needed,
        left=0,
        resets_at=None,
        status=rules.status(RefusalCode.NO_AI),
    )


def _too_large(rules: Guardrails, facts: Facts) -> Refusal | None:
    largest = rules.action_max
    if largest is None or facts.needed <= largest:
        return None
    parts = divide_up(facts.needed, largest) if largest else 0
    advice = rules.split_advice or (
        f"Split it into {parts} parts of at most {largest:,} tokens." if parts else ""
    )
    return Refusal(
        code=RefusalCode.ACTION_TOO_LARGE,
        message=f"one action may use {largest:,} tokens, this one needs {facts.needed:,}",
        needed=facts.needed,
        left=largest,
        resets_at=None,
        status=rules.status(RefusalCode.ACTION_TOO_LARGE),
        help=(Help(kind=HelpKind.SPLIT, text=advice, tokens=largest),) if advice else (),
    )


def _too_often(rules: Guardrails, rates: Iterable[RateFact]) -> Refusal | None:
    full = [fact for fact in rates if fact.actions >= fact.limit.actions]
    if not full:
        return None
    last = max(full, key=lambda fact: fact.frees_at)
    whose = f" by {last.subject}" if last.subject else ""
    return Refusal(
        code=RefusalCode.RATE_LIMITED,
        message=f"the limit of {last.limit.actions:,} actions{whose} in {last.limit.window_s:,} s is reached",
        needed=1,
        left=0,
        resets_at=last.frees_at,
        status=rules.status(RefusalCode.RATE_LIMITED),
        help=(Help(kind=HelpKind.WAIT, text="Wait until one more may run.", at=last.frees_at),),
    )


def _over_budget(rules: Guardrails, facts: Facts) -> Refusal | None:
    passed = [
        fact
        for fact in facts.budgets
        if fact.budget.enforcement is not Enforcement.WARN and _left_of(fact) < facts.needed
    ]
    if not passed:
        return None
    last = max(passed, key=lambda fact: fact.ends_at)
    wait = Help(kind=HelpKind.WAIT, text=f"Wait for the next {last.budget.period}.", at=last.ends_at)
    left, missing = max(_left_of(last), 0), facts.needed - _left_of(last)
    raising = Help(
        kind=HelpKind.RAISE_BUDGET,
        text=f"Raise the budget by {missing:,} tokens or more.",
        name=budget_name(last.budget.scope, last.subject, last.budget.period),
        tokens=missing,
    )
    can_raise = last.budget.enforcement is Enforcement.RAISE_OR_WAIT
    return Refusal(
        code=RefusalCode.BUDGET_REACHED,
        message=f"{facts.needed:,} tokens are needed and the {_spoken(last)} has {left:,} left",
        needed=facts.needed,
        left=left,
        resets_at=last.ends_at,
        status=rules.status(RefusalCode.BUDGET_REACHED),
        help=(raising, wait) if can_raise else (wait,),
    )


def _short(rules: Guardrails, facts: Facts) -> Refusal | None:
    if rules.at_zero is Enforcement.WARN or (facts.balance > 0 and facts.available >= facts.needed):
        return None
    is_empty = facts.balance <= 0
    code = RefusalCode.EMPTY if is_empty else RefusalCode.NOT_ENOUGH
    held = f" ({facts.held:,} more are held by running actions)" if facts.held else ""
    message = (
        f"no tokens are left{f', {-facts.balance:,} are owed' if facts.balance < 0 else ''}"
        if is_empty
        else f"{facts.needed:,} tokens are needed and {max(facts.available, 0):,} are left{held}"
    )
    reset = (Help(kind=HelpKind.WAIT, text="Wait for the next allowance.", at=facts.resets_at),)
    return Refusal(
        code=code,
        message=message,
        needed=facts.needed,
        left=facts.available,
        resets_at=facts.resets_at,
        status=rules.status(code),
        help=reset if facts.resets_at is not None else (),
    )


def _cautions(rules: Guardrails, facts: Facts) -> Iterable[Caution]:
    for fact in facts.budgets:
        left = _left_of(fact) - facts.needed
        if left < 0:
            text = f"this passes the {_spoken(fact)} by {-left:,} tokens"
            yield Caution(code=CautionCode.OVER_BUDGET, message=text, left=left, resets_at=fact.ends_at)
    after = facts.available - facts.needed
    if after < 0:
        text = f"this uses {-after:,} tokens more than are left"
        yield Caution(code=CautionCode.OVER_BALANCE, message=text, left=after, resets_at=facts.resets_at)
    elif after < max(rules.low_balance, facts.needed):
        text = f"{after:,} tokens will be left"
        yield Caution(code=CautionCode.LOW_AFTERWARDS, message=text, left=after, resets_at=facts.resets_at)


def budget_name(scope: Scope, subject: str, period: Period) -> str:
    """What a budget is called in alerts and advice: `account/month`, `member:maria/day`."""
    return f"{scope}{f':{subject}' if subject else ''}/{period}"


def _left_of(fact: BudgetFact) -> int:
    return fact.budget.tokens - fact.spent


def _spoken(fact: BudgetFact) -> str:
    whose = f" of {fact.budget.scope} {fact.subject}" if fact.subject else ""
    length = "daily" if fact.budget.period is Period.DAY else "monthly"
    return f"{length} budget of {fact.budget.tokens:,} tokens{whose}"
