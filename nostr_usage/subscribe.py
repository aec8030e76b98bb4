"""Subscribe: another plan for an account, at once where it brings more, else when its cycle ends.

An upgrade adds what the larger plan grants beyond the one that holds, at once. A smaller plan, or none, waits
for the next boundary: until then nothing is taken away. What is planned is kept beside the account, and
holds from its moment on, whether or not anybody has written it down by then; a memo says at once that it was
asked for, so that each key is answered once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from nostr_usage.clock import iso_time
from nostr_usage.errors import InputError
from nostr_usage.ledger.cycle import next_boundary
from nostr_usage.ledger.entry import AccountId, Cost, Operation, Source
from nostr_usage.ledger.plan import Plan
from nostr_usage.ledger.posting import Draft, first_grant, upgrade_grant
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.offers import Pack
from nostr_usage.store import AccountRow, Line, Store, Transaction
from nostr_usage.writing.answering import Answers
from nostr_usage.writing.opening import plan_draft
from nostr_usage.writing.planned_change import PlannedChange, forget_change, plan_change_at
from nostr_usage.writing.request import Grant, PlanChange, Receipt, check_key
from nostr_usage.writing.stream_writer import Operator, StreamWriter

EFFECTIVE_AT = "effective_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged:
    """An account has `plan` (None: none) from `effective_at` on.

    The receipt is of the change, or of the memo that it was asked for.
    """

    plan: str | None
    effective_at: int
    receipt: Receipt


class Subscriber:
    """Changes of plan. Safe to use from several threads and processes at once."""

    def __init__(self, *, store: Store, operator: Operator, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._answers = Answers(operator=operator, catalogue=catalogue)

    def change_plan(self, request: PlanChange) -> PlanChanged:
        """Put an account on another plan, or on none.

        The plan that holds already is accepted, too: it calls off a change that was planned.

        Raises:
            UnknownNameError: no such account or plan.
            IdempotencyError: the key was used for something else.
        """
        check_key(request.key)
        self._answers.plan(request.plan)
        return self._store.write(lambda transaction: self._change(transaction, request))

    def _change(self, transaction: Transaction, request: PlanChange) -> PlanChanged:
        account = self._answers.account(transaction, request.account)
        earlier = self._answers.earlier_receipt(transaction, account, request.key, request)
        if earlier is not None:
            receipt, entry_no = earlier
            at = _effective_at(transaction, entry_no, receipt)
            return PlanChanged(plan=request.plan, effective_at=at, receipt=receipt)
        self._answers.bring_up_to_date(transaction, account)
        forget_change(transaction, account.account_no)
        streams = transaction.streams(account_no=account.account_no)
        # A clock behind the last entry counts as that entry's time, or an allowance might begin lapsed.
        now = max(self._answers.now, *(stream.created_at for stream in streams))
        if request.plan == account.plan:
            return self._noted(transaction, account, request, effective_at=now)
        if request.plan is not None and self._is_upgrade(account.plan, request.plan):
            return self._at_once(transaction, account, request, plan=request.plan, now=now)
        return self._at_boundary(transaction, account, request, now=now)

    def _is_upgrade(self, old: str | None, new: str) -> bool:
        """More in one meter and less in none; any plan is more than none."""
        if old is None:
            return True
        before, after = self._catalogue.plan(old), self._catalogue.plan(new)
        differences = [
            self._catalogue.allowance_of(after, meter) - self._catalogue.allowance_of(before, meter)
            for meter in self._catalogue.spent_meters
        ]
        return min(differences) >= 0 and max(differences) > 0

    def _at_once(
        self, transaction: Transaction, account: AccountRow, request: PlanChange, *, plan: str, now: int
    ) -> PlanChanged:
        anchor = account.anchor if self._keeps_rhythm(account.plan, plan) else now
        transaction.set_account_plan(account.account_no, plan, anchor=anchor)
        first, *others = [
            meter
            for meter in self._catalogue.spent_meters
            if transaction.stream(account.account, meter) is not None
        ]

        def write(_transaction: Transaction, writer: StreamWriter) -> Line:
            line = writer.write(replace(plan_draft(plan, at=now), key=request.key))
            self._grant_more(writer, first, account=account, plan=plan, anchor=anchor, now=now)
            return line

        # With the plan of before: by the new one its first allowance would be due, which is granted here.
        receipt, _ = self._answers.answer(transaction, account, request, write, meter=first)
        for meter in others:
            writer = self._answers.writer(transaction, account.account, meter=meter)
            writer.write_own(plan_draft(plan, at=now))
            self._grant_more(writer, meter, account=account, plan=plan, anchor=anchor, now=now)
            writer.finish()
        return PlanChanged(plan=plan, effective_at=now, receipt=receipt)

    def _grant_more(
        self, writer: StreamWriter, meter: str, *, account: AccountRow, plan: str, anchor: int, now: int
    ) -> None:
        new = self._answers.plan(plan, meter=meter)
        assert new is not None, "a meter that is spent has a plan"
        grant = self._more(writer, self._answers.plan(account.plan, meter=meter), new, anchor=anchor, now=now)
        if grant is not None:
            writer.write_own(grant)

    def _more(
        self, writer: StreamWriter, old: Plan | None, new: Plan, *, anchor: int, now: int
    ) -> Draft | None:
        if old is None:
            return first_grant(new, anchor=anchor, at=now)
        return upgrade_grant(writer.state, old, new, anchor=anchor, at=now)

    def _at_boundary(
        self, transaction: Transaction, account: AccountRow, request: PlanChange, *, now: int
    ) -> PlanChanged:
        meter, plan = self._catalogue.default_meter, request.plan
        held = self._answers.plan(account.plan, meter=meter)
        assert held is not None, "whoever has no plan can only be given one"
        end = self._answers.writer(transaction, account.account, meter=meter).state.cycles[-1].end
        at = next_boundary(held.cycle, anchor=account.anchor, after=now) if end is None else end
        anchor = account.anchor if self._keeps_rhythm(account.plan, plan) else at
        change = PlannedChange(at=at, anchor=anchor, plan=plan)
        noted = self._noted(transaction, account, request, effective_at=at)
        plan_change_at(transaction, account.account_no, change)
        return noted

    def _noted(
        self, transaction: Transaction, account: AccountRow, request: PlanChange, *, effective_at: int
    ) -> PlanChanged:
        """The memo that a change was asked for, which leaves every balance as it is."""
        named = request.plan or "no plan"

        def write(_transaction: Transaction, writer: StreamWriter) -> Line:
            details = self._answers.details(
                f"{named} from {iso_time(effective_at)}", {EFFECTIVE_AT: str(effective_at)}
            )
            draft = Draft(
                operation=Operation.MEMO,
                type="plan_change",
                tokens=0,
                cost=Cost(micro_dollars=0),
                occurred_at=self._answers.now,
                key=request.key,
            )
            return writer.write(draft, details=details)

        meter = self._catalogue.default_meter
        receipt, _ = self._answers.answer(transaction, account, request, write, meter=meter)
        return PlanChanged(plan=request.plan, effective_at=effective_at, receipt=receipt)

    def _keeps_rhythm(self, old: str | None, new: str | None) -> bool:
        """Whether cycles go on as they were; without a new plan they do."""
        if new is None:
            return True
        return old is not None and self._catalogue.plan(old).cycle == self._catalogue.plan(new).cycle


def _effective_at(transaction: Transaction, entry_no: int, receipt: Receipt) -> int:
    """When the change of an earlier receipt holds; where its details were erased, when it was asked for."""
    details = transaction.details(entry_no)
    if receipt.entry.operation is Operation.MEMO and details is not None and details.metadata_json:
        return int(json.loads(details.metadata_json)[EFFECTIVE_AT])
    return receipt.entry.occurred_at


def purchase(
    catalogue: Catalogue,
    account: AccountId,
    pack: Pack,
    *,
    key: str,
    count: int = 1,
    payment: str | None = None,
    description: str = "",
) -> Grant:
    """The grant for `count` packs that were paid for, at the catalogue's price for so many.

    Raises:
        InputError: if `count` is below 1.
    """
    if count < 1:
        raise InputError(f"{count} packs cannot be bought", advice="Buy one or more.")
    return Grant(
        account=account,
        tokens=pack.tokens * count,
        source=Source.PURCHASED,
        key=key,
        paid=pack.price_of(count),
        payment=payment,
        description=description,
        meter=catalogue.meter_of_pack(pack),
    )
