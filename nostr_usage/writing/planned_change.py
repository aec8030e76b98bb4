"""A change of plan that waits for the end of a cycle: kept beside the account until it holds."""

from __future__ import annotations

from typing import NamedTuple

from nostr_usage.store import Reader, Transaction


class PlannedChange(NamedTuple):
    """From `at` (unix seconds) on the account has `plan`, or none, with cycles counted from `anchor`."""

    at: int
    anchor: int
    plan: str | None


def planned_change(reader: Reader, account_no: int) -> PlannedChange | None:
    """The change that an account waits for."""
    text = reader.setting(_name(account_no))
    if not text:
        return None
    at, anchor, plan = text.split(" ")
    return PlannedChange(at=int(at), anchor=int(anchor), plan=plan or None)


def plan_change_at(transaction: Transaction, account_no: int, change: PlannedChange) -> None:
    """Keep a change until it holds, in place of an earlier one."""
    transaction.set_setting(_name(account_no), f"{change.at} {change.anchor} {change.plan or ''}")


def forget_change(transaction: Transaction, account_no: int) -> None:
    """The change holds by now, or is no longer wanted."""
    transaction.set_setting(_name(account_no), "")


def _name(account_no: int) -> str:
    return f"planned_change:{account_no}"
