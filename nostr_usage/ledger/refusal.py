"""What is answered before an action runs: a refusal with what would help, or cautions beside a yes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    """Why an action may not run."""

    NOT_A_MEMBER = "not_a_member"
    NO_AI = "no_ai"
    ACTION_TOO_LARGE = "action_too_large"
    RATE_LIMITED = "rate_limited"
    BUDGET_REACHED = "budget_reached"
    EMPTY = "empty"
    NOT_ENOUGH = "not_enough"


class HelpKind(StrEnum):
    """What would help somebody who was refused."""

    SPLIT = "split"
    WAIT = "wait"
    RAISE_BUDGET = "raise_budget"
    BUY = "buy"
    DROP_ADD_ON = "drop_add_on"
    OTHER_MODEL = "other_model"
    OTHER_PLAN = "other_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """One thing that would help: a sentence for people, and what it is about for programs.

    Attributes:
        name: the pack, plan, add-on or model; empty for the other kinds.
        tokens: what the pack brings, what dropping the add-on saves, what the model would need, how much to
            raise a budget by, how large a part may be; 0 where none of that is meant.
        at: when waiting ends.
    """

    kind: HelpKind
    text: str
    name: str = ""
    tokens: int = 0
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An action that may not run: why, and what would help. Nothing was changed.

    Attributes:
        message: one sentence for people.
        needed: tokens, or for a rate limit actions, that were asked for.
        left: how many of those there are.
        resets_at: when more will be there, unix seconds; None if time alone brings nothing.
        status: the HTTP status that the catalogue gives this refusal.
    """

    code: RefusalCode
    message: str
    needed: int
    left: int
    resets_at: int | None
    status: int
    help: tuple[Help, ...] = ()


class CautionCode(StrEnum):
    """What should be said although the action may run."""

    OVER_BUDGET = "over_budget"
    OVER_BALANCE = "over_balance"
    LOW_AFTERWARDS = "low_afterwards"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A warning beside a yes; `left` is what would remain, negative where a soft limit is passed."""

    code: CautionCode
    message: str
    left: int
    resets_at: int | None = None
