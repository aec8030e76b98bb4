"""The list of mutants stands on the sources as they are; one is tried here, `scripts/mutants` tries all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts.mutating import MUTANTS, ROOT, Mutant, copied_sources, verdict_on

TRIED = ("tests/ledger/test_guardrail.py",)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_can_be_made(mutant: Mutant) -> None:
    """The line that it changes is there once, and what it makes of it is Python, and something else."""
    text = (ROOT / mutant.file).read_text("utf-8")
    assert 1 == text.count(mutant.before)
    changed = text.replace(mutant.before, mutant.after)
    assert changed != text
    compile(changed, mutant.file, "exec")


def test_names_are_different() -> None:
    """A report names each once."""
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS})


def test_a_mutant_is_caught_and_the_sources_are_not() -> None:
    """The controls: without a mutant the tests pass, and with one that changes nothing, too."""
    (mutant,) = [one for one in MUTANTS if one.name == "the last token may be promised twice"]
    harmless = replace(mutant, after=mutant.before)
    with copied_sources() as copy:
        before = (copy / mutant.file).read_text("utf-8")
        assert () == verdict_on(harmless, copy, tests=TRIED).caught_by
        (caught,) = verdict_on(mutant, copy, tests=TRIED, failures=1).caught_by
        assert caught.startswith(TRIED)
        assert before == (copy / mutant.file).read_text("utf-8")
