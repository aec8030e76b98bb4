"""The store: the ledger in one SQLite file, and the keys of accounts in another.

    store        Store: snapshots to read, group commit to write
    transaction  Reader and Transaction: all that follows, in one
      accounts     accounts and relays
      streams      the head of each stream, with the fold's state
      entries      entries, their events, the requests that they answered
      matching     entries by conditions, sorted, with their sums
      lines        appending entries
      totals       sums by month; saved sums of use by day and month
      outbox       signed events on their way to relays
      objections   what relays have against those that they did not take
      evidence     pins, sightings, forks, problems
      coverage     which relays have which entries
      holds        tokens promised to actions that are running
      organisations  members and departments behind the pseudonyms of entries
      spending     what was spent within a window of time; budgets; alerts already given
    copying      a copy while others write
    watch        whether somebody wrote
    memory       what a writer need not read again
    settings     small facts by name
    group_commit many callers, one durable commit
    database     opening, recognising and migrating a file; migrations/ has the SQL
    account_secrets  the keys of accounts

Rows are named tuples, not dataclasses: less time to build, and a fraction of it to define, which every start
pays. Their modules do without postponed annotations, which a named tuple would compile field by field.
SQL is here and in the embedded relay, nowhere else. Opening the store and asking for a balance loads nothing
heavy: no event parser, no pydantic, no asyncio.
"""

from nostr_usage.store.account_secrets import AccountSecretRow, AccountSecrets
from nostr_usage.store.accounts import RELAYS_MAX, AccountRow, RelayRow
from nostr_usage.store.coverage import MonthHeld
from nostr_usage.store.entries import DetailsRow, EntryRow, EventRow, RequestRow
from nostr_usage.store.evidence import Fork, Pin
from nostr_usage.store.holds import HoldRow, HoldState
from nostr_usage.store.lines import Line
from nostr_usage.store.matching import Condition, Field, Matches, Order
from nostr_usage.store.objections import ObjectionRow
from nostr_usage.store.organisations import DepartmentRow, MemberRow
from nostr_usage.store.outbox import MUST_RECOVER, DueEvent, OutboxCount, OutboxRow, OutboxState
from nostr_usage.store.spending import AlertRow, BudgetRow, Tally
from nostr_usage.store.store import Store
from nostr_usage.store.streams import StreamRow, StreamStatus
from nostr_usage.store.totals import DayUse, MonthTotal, UnitSumRow, UseSumRow
from nostr_usage.store.transaction import Reader, Transaction
from nostr_usage.store.watch import ChangeWatch

__all__ = [
    "MUST_RECOVER",
    "RELAYS_MAX",
    "AccountRow",
    "AccountSecretRow",
    "AccountSecrets",
    "AlertRow",
    "BudgetRow",
    "ChangeWatch",
    "Condition",
    "DayUse",
    "DepartmentRow",
    "DetailsRow",
    "DueEvent",
    "EntryRow",
    "EventRow",
    "Field",
    "Fork",
    "HoldRow",
    "HoldState",
    "Line",
    "Matches",
    "MemberRow",
    "MonthHeld",
    "MonthTotal",
    "ObjectionRow",
    "Order",
    "OutboxCount",
    "OutboxRow",
    "OutboxState",
    "Pin",
    "Reader",
    "RelayRow",
    "RequestRow",
    "Store",
    "StreamRow",
    "StreamStatus",
    "Tally",
    "Transaction",
    "UnitSumRow",
    "UseSumRow",
]
