"""The guardrails of a plan, as a catalogue writes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from nostr_usage.pricing.fields import OptionalLabel, Percent, PositiveTokens, Tokens
from nostr_usage.pricing.table import Misfit, Table, refuse_twice

WINDOW_S_MAX = 31 * 86_400
ACTIONS_MAX = 100_000
RULES_MAX = 100

Subject = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=100)]


class RateLimit(Table):
    """At most `actions` within any `window_s` seconds, for the account or for each of its members."""

    actions: Annotated[int, Field(ge=1, le=ACTIONS_MAX)]
    window_s: Annotated[int, Field(ge=1, le=WINDOW_S_MAX)]
    scope: Literal["account", "member"] = "account"


class Budget(Table):
    """At most `tokens` in a day or month of the plan's zone, for one `subject`, or for each if it is empty.

    Past it, `warn` says so and goes on, `refuse` does not, and `raise_or_wait` leaves that to the owner.
    """

    scope: Literal["account", "member", "group", "model", "activity"] = "account"
    subject: Subject = ""
    period: Literal["day", "month"]
    tokens: Tokens
    enforcement: Literal["warn", "refuse", "raise_or_wait"]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.scope == "account" and self.subject:
            raise Misfit("a budget of the account has no subject", "subject")
        return self


class Guardrails(Table):
    """What accounts of a plan may do.

    Attributes:
        ai: False for a plan without AI features.
        largest_action: tokens that one action may use; None is no limit.
        split_advice: what to tell who wants more at once.
        at_zero: whether nothing left blocks an account, or is only said.
        low_balance: tokens below which a balance is low; the catalogue's own mark where both are left out.
        low_balance_percent: the same as a share of the allowance.
    """

    ai: bool = True
    largest_action: PositiveTokens | None = None
    split_advice: OptionalLabel = ""
    at_zero: Literal["refuse", "warn"] = "refuse"
    low_balance: Tokens | None = None
    low_balance_percent: Percent | None = None
    rate_limits: Annotated[tuple[RateLimit, ...], Field(max_length=RULES_MAX)] = ()
    budgets: Annotated[tuple[Budget, ...], Field(max_length=RULES_MAX)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low_balance is not None and self.low_balance_percent is not None:
            raise Misfit("give low_balance or low_balance_percent, not both", "low_balance_percent")
        limits = (f"{limit.window_s} s by {limit.scope}" for limit in self.rate_limits)
        refuse_twice("rate limit of", limits, path=("rate_limits",))
        budgets = (f"{one.scope} {one.subject} {one.period}" for one in self.budgets)
        refuse_twice("budget of", budgets, path=("budgets",))
        return self
