"""docs/guarantees.md says of every behaviour what the tests say of it."""

from __future__ import annotations

from tests.hostile.guarantees_tables import DOCUMENT, with_tables
from tests.hostile.publishing_cases import PUBLISHING_CASES
from tests.hostile.reading_cases import READING_CASES


def test_tables_are_those_of_the_tests() -> None:
    """A behaviour that is added, renamed or ends differently changes the document, too."""
    document = DOCUMENT.read_text("utf-8")
    assert with_tables(document) == document


def test_every_behaviour_is_in_the_document() -> None:
    """Control: the tables are there, with a row for each case."""
    document = DOCUMENT.read_text("utf-8")
    for case in (*READING_CASES, *PUBLISHING_CASES):
        assert f"\n| {case.name.replace('_', ' ')} | " in document


def test_a_table_that_is_out_of_step_is_found() -> None:
    """Control: another outcome in the document is not what the tests make of it."""
    document = DOCUMENT.read_text("utf-8").replace("| right total |", "| perhaps |", 1)
    assert with_tables(document) != document
