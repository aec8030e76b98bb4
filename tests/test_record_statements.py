"""What recording asks of the database: once an account is known, nothing that nobody has changed."""

from __future__ import annotations

from pathlib import Path

from nostr_usage.writing.request import Action
from tests.operators import operator_in

EXPECTED = [
    "BEGIN",
    "PRAGMA data_version",
    "SELECT requests",
    "UPDATE streams",
    "INSERT events",
    "INSERT entries",
    "INSERT month_totals",
    "INSERT requests",
    "COMMIT",
]


def essence(statement: str) -> str:
    """A statement by its verb and table."""
    verb, *words = statement.split()
    if verb in {"BEGIN", "COMMIT"}:
        return verb
    before = {"INSERT": "INTO", "SELECT": "FROM", "UPDATE": "UPDATE", "PRAGMA": "PRAGMA"}[verb]
    return f"{verb} {[verb, *words][[verb, *words].index(before) + 1]}"


def test_an_entry_takes_nine_statements(tmp_path: Path) -> None:
    """Account, settings, budgets and head are remembered; after somebody else commits they are read again."""
    with operator_in(tmp_path) as operator:
        account = operator.open_account()
        statements: list[str] = []

        def record(key: str) -> list[str]:
            statements.clear()
            operator.recorder.record(Action(account=account, activity="magic-mentor", tokens=7, key=key))
            return list(dict.fromkeys(map(essence, statements)))  # a trigger repeats it

        record("a")
        vars(operator.store)["_write_connection"].set_trace_callback(statements.append)
        assert EXPECTED == [one for one in record("b") if one != "INSERT outbox"]
        with operator_in(tmp_path) as other:
            other.store.write(lambda transaction: transaction.set_setting("note", "changed"))
        assert {"SELECT accounts", "SELECT settings", "SELECT budgets"} <= set(record("c"))
        assert EXPECTED == [one for one in record("d") if one != "INSERT outbox"]
