"""The terms of an account: its plan, its meters and its guardrails, as they are now; nothing here signs."""

from __future__ import annotations

from dataclasses import replace

from nostr_usage.clock import Clock
from nostr_usage.errors import PricingError, UnknownNameError
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId
from nostr_usage.ledger.guardrail import Budget, Enforcement, Guardrails, Scope
from nostr_usage.ledger.plan import Plan
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.store import AccountRow, Reader
from nostr_usage.writing.plan_rules import rules_of, with_own_budgets
from nostr_usage.writing.planned_change import planned_change
from nostr_usage.writing.promise import ledger_plan


class Terms:
    """What a catalogue says of accounts, with what was agreed for each of them."""

    def __init__(self, *, clock: Clock, catalogue: Catalogue) -> None:
        self._clock = clock
        self._catalogue = catalogue
        self._rules: dict[tuple[str | None, str], Guardrails] = {}

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self._clock.now()

    def account(self, reader: Reader, account: AccountId) -> AccountRow:
        """The account's row, with a planned change of plan as soon as it holds.

        Raises:
            UnknownNameError: if there is no such account.
        """
        row = reader.account(account)
        if row is None:
            raise UnknownNameError("account", account, advice="`nostr-usage account list` shows them all.")
        change = planned_change(reader, row.account_no)
        if change is None or change.at > self.now:
            return row
        return row._replace(plan=change.plan, anchor=change.anchor)

    def plan(self, name: str | None, *, meter: str = DEFAULT_METER) -> Plan | None:
        """The plan as the fold of a meter needs it; of a catalogue that counts no tokens, its first meter.

        Raises:
            UnknownNameError: if the catalogue has no such plan.
        """
        if name is None or any(one.name == meter and one.is_level for one in self._catalogue.meters):
            return None
        known = meter if meter in self._catalogue.spent_meters else None
        return ledger_plan(self._catalogue, name, meter=known)

    def meter_of(self, reader: Reader, account: AccountId, activity: str) -> str:
        """The meter that an activity counts in.

        Raises:
            UnknownNameError: no such activity.
            PricingError: the account has no stream in its meter.
        """
        meter = self._catalogue.activity(activity).meter
        if meter != DEFAULT_METER and reader.stream(account, meter) is None:
            raise PricingError(f"{activity} counts in {meter}, which is not recorded here")
        return meter

    def granted_meter(self, name: str | None) -> str:
        """The meter that tokens are granted in: the catalogue's first, unless named.

        Raises:
            UnknownNameError: if there is no such meter, or it is a level.
        """
        known = self._catalogue.spent_meters
        if name is not None and name not in known:
            raise UnknownNameError("meter", name, known=known)
        return name or self._catalogue.default_meter

    def rules(self, reader: Reader, account: AccountRow, *, meter: str) -> Guardrails:
        """The guardrails of an account in a meter: its plan's, with budgets of its own."""
        rules = self._rules.get((account.plan, meter))
        if rules is None:
            rules = rules_of(self._catalogue, account.plan, meter=meter)
            self._rules[account.plan, meter] = rules
        own = reader.budgets(account.account_no)
        if not own:
            return rules
        budgets = (
            Budget(
                scope=Scope(row.scope),
                subject=row.subject,
                period=Period(row.period),
                tokens=row.tokens,
                enforcement=Enforcement(row.enforcement),
            )
            for row in own
        )
        return replace(rules, budgets=with_own_budgets(rules.budgets, budgets))
