"""A signed AI-usage ledger on Nostr, in which every number can be rebuilt and checked by anyone.

Five modules are the map; each is named for what it does and reads as its line:

    record     measured usage ─▶ its price ─▶ an entry ─▶ a signed event ─▶ store and outbox, in one commit
    spend      an action to come ─▶ a yes or a refusal ─▶ a hold ─▶ what was really used ─▶ record
    publish    outbox ─▶ relays ─▶ the answer of each ─▶ fetched back, as a stranger would ─▶ done
    sync       relays ─▶ messages ─▶ checked ids, signatures and links ─▶ store
    report     store ─▶ entries, and what is wrong with them ─▶ fold ─▶ balances and statements ─▶ a view

Below them lie three cores that touch nothing outside themselves and do not know each other:

    nostr      events, keys, filters, messages: what the NIPs say
    ledger     entries, lots, cycles: what a balance is
    pricing    measured usage, dated prices, catalogues: what an action costs

and between them and the verbs `wire`, where an entry becomes an event, and `writing`, what the verbs that
write have in common; `spending` and `reporting` stand beside the verbs they serve. Only `store`, `relays`,
`embedded` and `cli` touch files, sockets and the terminal; `wiring` puts all of it together from settings.

What programs use can be imported from here, as in `from nostr_usage import Action, Home, open_operator`. Each
name is loaded when it is first asked for: the command line imports this package too, and must start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nostr_usage.clock import Clock, ManualClock, SystemClock
    from nostr_usage.enrolment import Enrolment, enrol
    from nostr_usage.errors import (
        AmountError,
        CatalogueError,
        DecryptionError,
        EntryFormatError,
        EventError,
        FilterError,
        HoldError,
        HomeError,
        IdempotencyError,
        InputError,
        KeyFormatError,
        LedgerError,
        MessageError,
        NewerDatabaseError,
        NostrError,
        NostrUsageError,
        NotIncludedError,
        PricingError,
        RefundError,
        RefusedError,
        RelayError,
        RelayRefusedError,
        RelayTimeoutError,
        RelayUrlError,
        TimeError,
        UnknownModelError,
        UnknownNameError,
        UnratedUsageError,
        UsageFormatError,
        WorkerError,
    )
    from nostr_usage.founding import NewLedger, create_follower_home, create_operator_home
    from nostr_usage.home import Home, Role, Settings
    from nostr_usage.insight.accuracy import Accuracy
    from nostr_usage.insight.breakdown import Breakdown, Dimension
    from nostr_usage.insight.forecast import Forecast
    from nostr_usage.ledger.alert import Alert, AlertKind
    from nostr_usage.ledger.entry import AccountId, Entry, EntryId, Operation, Source
    from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
    from nostr_usage.ledger.refusal import Caution, Help, Refusal, RefusalCode
    from nostr_usage.ledger.window import Period
    from nostr_usage.organise import Organiser
    from nostr_usage.pricing.alternatives import Alternative
    from nostr_usage.pricing.catalogue import Catalogue, catalogue_from_toml, load_catalogue
    from nostr_usage.pricing.dialect import Dialect, usage_from
    from nostr_usage.pricing.expectation import Basis, Range
    from nostr_usage.pricing.quote import Quote, QuoteWarning, quote_activity, with_balance
    from nostr_usage.pricing.token_count import TokenCount, count_tokens
    from nostr_usage.pricing.usage import Bucket, MeasuredUsage, measured_usage
    from nostr_usage.publish import PublishReport, publish_due, publish_forever
    from nostr_usage.record import AsyncRecorder, Recorder
    from nostr_usage.report import balance_view, history, month_view, stream_of
    from nostr_usage.reporting.analytics import StatementView, forecast_of, statement_view
    from nostr_usage.reporting.entitlement import Entitlement, Feature, entitlement_of
    from nostr_usage.reporting.estimates import accuracy_of
    from nostr_usage.reporting.monthly import MonthlyReport, ReportFormat, monthly_report, write_report
    from nostr_usage.reporting.platform import PlatformView, platform_view
    from nostr_usage.reporting.preview import cost_preview
    from nostr_usage.reporting.stream_use import (
        Days,
        ModelUnits,
        StreamUse,
        all_days,
        last_days,
        month_days,
        read_use,
        save_use,
    )
    from nostr_usage.spend import AsyncSpender, Spender
    from nostr_usage.spending.budgeting import BudgetView
    from nostr_usage.spending.metered_call import Booking, Call
    from nostr_usage.spending.quoting import Prompt, QuoteView
    from nostr_usage.subscribe import PlanChanged, Subscriber, purchase
    from nostr_usage.sync import SyncReport, follow_forever, sync_ledger
    from nostr_usage.transfer import Given, LevelReceipt, Transfers
    from nostr_usage.views import BalanceView, HistoryRow, MonthView
    from nostr_usage.wiring import OperatorHome, ReaderHome, find_account, open_operator, open_reader
    from nostr_usage.writing.intent import Clearance, CountSource, Hold, Intent, Used
    from nostr_usage.writing.request import (
        Action,
        Gift,
        Grant,
        Memo,
        NewAccount,
        PlanChange,
        Reading,
        Receipt,
        Refund,
        Restoration,
        Reversal,
    )

_NAMES = {
    "clock": "Clock ManualClock SystemClock",
    "enrolment": "Enrolment enrol",
    "errors": (
        "AmountError CatalogueError DecryptionError EntryFormatError EventError FilterError HoldError "
        "HomeError IdempotencyError InputError KeyFormatError LedgerError MessageError NewerDatabaseError "
        "NostrError NostrUsageError NotIncludedError PricingError RefundError RefusedError RelayError "
        "RelayRefusedError RelayTimeoutError RelayUrlError TimeError UnknownModelError UnknownNameError "
        "UnratedUsageError UsageFormatError WorkerError"
    ),
    "founding": "NewLedger create_follower_home create_operator_home",
    "home": "Home Role Settings",
    "insight.accuracy": "Accuracy",
    "insight.breakdown": "Breakdown Dimension",
    "insight.forecast": "Forecast",
    "ledger.alert": "Alert AlertKind",
    "ledger.entry": "AccountId Entry EntryId Operation Source",
    "ledger.guardrail": "Budget Enforcement Scope",
    "ledger.refusal": "Caution Help Refusal RefusalCode",
    "ledger.window": "Period",
    "pricing.catalogue": "Catalogue catalogue_from_toml load_catalogue",
    "pricing.dialect": "Dialect usage_from",
    "organise": "Organiser",
    "pricing.alternatives": "Alternative",
    "pricing.expectation": "Basis Range",
    "pricing.quote": "Quote QuoteWarning quote_activity with_balance",
    "pricing.token_count": "TokenCount count_tokens",
    "pricing.usage": "Bucket MeasuredUsage measured_usage",
    "publish": "PublishReport publish_due publish_forever",
    "record": "AsyncRecorder Recorder",
    "report": "balance_view history month_view stream_of",
    "reporting.analytics": "StatementView forecast_of statement_view",
    "reporting.entitlement": "Entitlement Feature entitlement_of",
    "reporting.estimates": "accuracy_of",
    "reporting.monthly": "MonthlyReport ReportFormat monthly_report write_report",
    "reporting.platform": "PlatformView platform_view",
    "reporting.preview": "cost_preview",
    "reporting.stream_use": "Days ModelUnits StreamUse all_days last_days month_days read_use save_use",
    "spend": "AsyncSpender Spender",
    "spending.budgeting": "BudgetView",
    "spending.metered_call": "Booking Call",
    "spending.quoting": "Prompt QuoteView",
    "subscribe": "PlanChanged Subscriber purchase",
    "sync": "SyncReport follow_forever sync_ledger",
    "transfer": "Given LevelReceipt Transfers",
    "views": "BalanceView HistoryRow MonthView",
    "wiring": "OperatorHome ReaderHome find_account open_operator open_reader",
    "writing.intent": "Clearance CountSource Hold Intent Used",
    "writing.request": (
        "Action Gift Grant Memo NewAccount PlanChange Reading Receipt Refund Restoration Reversal"
    ),
}
_PLACES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "AccountId",
    "Accuracy",
    "Action",
    "Alert",
    "AlertKind",
    "Alternative",
    "AmountError",
    "AsyncRecorder",
    "AsyncSpender",
    "BalanceView",
    "Basis",
    "Booking",
    "Breakdown",
    "Bucket",
    "Budget",
    "BudgetView",
    "Call",
    "Catalogue",
    "CatalogueError",
    "Caution",
    "Clearance",
    "Clock",
    "CountSource",
    "Days",
    "DecryptionError",
    "Dialect",
    "Dimension",
    "Enforcement",
    "Enrolment",
    "Entitlement",
    "Entry",
    "EntryFormatError",
    "EntryId",
    "EventError",
    "Feature",
    "FilterError",
    "Forecast",
    "Gift",
    "Given",
    "Grant",
    "Help",
    "HistoryRow",
    "Hold",
    "HoldError",
    "Home",
    "HomeError",
    "IdempotencyError",
    "InputError",
    "Intent",
    "KeyFormatError",
    "LedgerError",
    "LevelReceipt",
    "ManualClock",
    "MeasuredUsage",
    "Memo",
    "MessageError",
    "ModelUnits",
    "MonthView",
    "MonthlyReport",
    "NewAccount",
    "NewLedger",
    "NewerDatabaseError",
    "NostrError",
    "NostrUsageError",
    "NotIncludedError",
    "Operation",
    "OperatorHome",
    "Organiser",
    "Period",
    "PlanChange",
    "PlanChanged",
    "PlatformView",
    "PricingError",
    "Prompt",
    "PublishReport",
    "Quote",
    "QuoteView",
    "QuoteWarning",
    "Range",
    "ReaderHome",
    "Reading",
    "Receipt",
    "Recorder",
    "Refund",
    "RefundError",
    "Refusal",
    "RefusalCode",
    "RefusedError",
    "RelayError",
    "RelayRefusedError",
    "RelayTimeoutError",
    "RelayUrlError",
    "ReportFormat",
    "Restoration",
    "Reversal",
    "Role",
    "Scope",
    "Settings",
    "Source",
    "Spender",
    "StatementView",
    "StreamUse",
    "Subscriber",
    "SyncReport",
    "SystemClock",
    "TimeError",
    "TokenCount",
    "Transfers",
    "UnknownModelError",
    "UnknownNameError",
    "UnratedUsageError",
    "UsageFormatError",
    "Used",
    "WorkerError",
    "accuracy_of",
    "all_days",
    "balance_view",
    "catalogue_from_toml",
    "cost_preview",
    "count_tokens",
    "create_follower_home",
    "create_operator_home",
    "enrol",
    "entitlement_of",
    "find_account",
    "follow_forever",
    "forecast_of",
    "history",
    "last_days",
    "load_catalogue",
    "measured_usage",
    "month_days",
    "month_view",
    "monthly_report",
    "open_operator",
    "open_reader",
    "platform_view",
    "publish_due",
    "publish_forever",
    "purchase",
    "quote_activity",
    "read_use",
    "save_use",
    "statement_view",
    "stream_of",
    "sync_ledger",
    "usage_from",
    "with_balance",
    "write_report",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load a public name from its module (PEP 562)."""
        module = _PLACES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib  # noqa: PLC0415 — the command line does without

        value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Every name, loaded or not."""
    return sorted({*globals(), *__all__})
