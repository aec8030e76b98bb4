"""Named faults of the fold and of the guardrails, and which tests notice each: `scripts/mutants`.

A mutant is one line of the program made wrong in a copy of the sources; the tests of the ledger, of spending
and the scenarios then run against that copy. A mutant that no test catches is a rule that nothing holds.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPIED = ("nostr_usage", "relay_config", "tests", "pyproject.toml")
SHOWN_MAX = 3
TIMEOUT_S = 900
LEDGER = "nostr_usage/ledger"
TESTS = (
    "tests/ledger",
    "tests/test_scenarios.py",
    "tests/test_subscribe.py",
    "tests/test_transfer.py",
    "tests/test_spend.py",
    "tests/test_spend_limits.py",
    "tests/test_spend_properties.py",
    "tests/spending",
    "tests/store/test_holds.py",
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault: in `file`, `before` (which is there once) becomes `after`."""

    name: str
    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The tests that noticed a mutant, as many as were waited for; none if it survived."""

    mutant: Mutant
    caught_by: tuple[str, ...]


FOLD = (
    Mutant(
        name="what never expires is spent first",
        file=f"{LEDGER}/lot.py",
        before="        lot.expires_at is None,\n        lot.expires_at or 0,",
        after="        lot.expires_at is not None,\n        lot.expires_at or 0,",
    ),
    Mutant(
        name="priorities are ignored",
        file=f"{LEDGER}/lot.py",
        before="        lot.priority,\n        lot.expires_at is None,",
        after="        0,\n        lot.expires_at is None,",
    ),
    Mutant(
        name="promotions go after purchases",
        file=f"{LEDGER}/lot.py",
        before="_SOURCE_RANK[lot.source],",
        after="-_SOURCE_RANK[lot.source],",
    ),
    Mutant(
        name="a lot lasts a second longer",
        file=f"{LEDGER}/lot.py",
        before="    return lot.expires_at is not None and lot.expires_at <= at\n",
        after="    return lot.expires_at is not None and lot.expires_at < at\n",
    ),
    Mutant(
        name="a debit forgets what no lot covered",
        file=f"{LEDGER}/holdings.py",
        before="    return Holdings(lots, state.debt + uncovered, draws)",
        after="    return Holdings(lots, state.debt, draws)",
    ),
    Mutant(
        name="a grant does not pay the debt",
        file=f"{LEDGER}/holdings.py",
        before="    paid = min(held.debt, lot.remaining)",
        after="    paid = 0",
    ),
    Mutant(
        name="a refund returns the first drawn first",
        file=f"{LEDGER}/holdings.py",
        before="for draw in reversed(referred.draws)]",
        after="for draw in referred.draws]",
    ),
    Mutant(
        name="partial refunds begin anew",
        file=f"{LEDGER}/holdings.py",
        before="    skipped = referred.undone\n",
        after="    skipped = 0\n",
    ),
    Mutant(
        name="refunds are not added up",
        file=f"{LEDGER}/holdings.py",
        before="        return max(0, self.tokens - self.undone)",
        after="        return self.tokens",
    ),
    Mutant(
        name="a refund revives a lapsed lot",
        file=f"{LEDGER}/holdings.py",
        before="    if not is_lapsed(lot, at=at):\n        return lot\n",
        after="    if lot:\n        return lot\n",
    ),
    Mutant(
        name="a charge-back takes from any lot",
        file=f"{LEDGER}/holdings.py",
        before="preference=lambda lot: (lot.seq != lot_seq, is_lapsed(lot, at=at))",
        after="preference=lambda lot: is_lapsed(lot, at=at)",
    ),
    Mutant(
        name="a late action counts in the current cycle",
        file=f"{LEDGER}/totals.py",
        before="        index = _index_at(cycles, at)",
        after="        index = -1",
    ),
    Mutant(
        name="a purchase counts as granted",
        file=f"{LEDGER}/totals.py",
        before="granted, purchased = (0, signed) if is_of_purchase else (signed, 0)",
        after="granted, purchased = (signed, 0)",
    ),
    Mutant(
        name="an expiry counts in the new cycle",
        file=f"{LEDGER}/totals.py",
        before="        at -= 1\n",
        after="        at -= 0\n",
    ),
    Mutant(
        name="the 31st is forgotten after February",
        file=f"{LEDGER}/cycle.py",
        before="            return _in_month(start, _months(start) + k)\n        case CalendarMonth",
        after="            return _in_month(start.replace(day=min(start.day, 28)), _months(start) + k)\n"
        "        case CalendarMonth",
    ),
    Mutant(
        name="days of a cycle have 86,400 seconds",
        file=f"{LEDGER}/cycle.py",
        before="        return int(_boundary_at(rule, _local(rule, anchor), k).timestamp())",
        after="        days = (_boundary_at(rule, _local(rule, anchor), k) - _local(rule, anchor)).days\n"
        "        return anchor + 86_400 * days",
    ),
    Mutant(
        name="more rolls over than the cap",
        file=f"{LEDGER}/posting.py",
        before="    tokens = min(\n        sum(lot.remaining",
        after="    tokens = max(\n        sum(lot.remaining",
    ),
    Mutant(
        name="an upgrade grants the whole allowance again",
        file=f"{LEDGER}/posting.py",
        before="    more = new.allowance - old.allowance",
        after="    more = new.allowance",
    ),
    Mutant(
        name="a plan that waited skips its first allowance",
        file=f"{LEDGER}/posting.py",
        before="anchor > cycle.start and not _has_allowance_after(state, anchor):",
        after="anchor < 0:",
    ),
)
GUARDRAILS = (
    Mutant(
        name="holds keep nothing back",
        file=f"{LEDGER}/guardrail.py",
        before="        return self.balance - self.held",
        after="        return self.balance",
    ),
    Mutant(
        name="the last token may be promised twice",
        file=f"{LEDGER}/guardrail.py",
        before="facts.available >= facts.needed)",
        after="facts.available >= facts.needed - 1)",
    ),
    Mutant(
        name="an empty account may go on",
        file=f"{LEDGER}/guardrail.py",
        before="(facts.balance > 0 and facts.available >= facts.needed)",
        after="(facts.available >= facts.needed)",
    ),
    Mutant(
        name="one action more than the rate allows",
        file=f"{LEDGER}/guardrail.py",
        before="fact.actions >= fact.limit.actions]",
        after="fact.actions > fact.limit.actions]",
    ),
    Mutant(
        name="the largest action is too large",
        file=f"{LEDGER}/guardrail.py",
        before="facts.needed <= largest:",
        after="facts.needed < largest:",
    ),
    Mutant(
        name="budgets that warn refuse",
        file=f"{LEDGER}/guardrail.py",
        before="fact.budget.enforcement is not Enforcement.WARN and _left_of(fact) < facts.needed",
        after="_left_of(fact) < facts.needed",
    ),
    Mutant(
        name="a budget may be passed by one",
        file=f"{LEDGER}/guardrail.py",
        before="Enforcement.WARN and _left_of(fact) < facts.needed",
        after="Enforcement.WARN and _left_of(fact) < facts.needed - 1",
    ),
    Mutant(
        name="a plan without AI has it",
        file=f"{LEDGER}/guardrail.py",
        before="    if rules.allows_ai:\n        return None",
        after="    if rules.allows_ai or facts.needed:\n        return None",
    ),
    Mutant(
        name="the alert of a threshold comes again with every action",
        file=f"{LEDGER}/alert.py",
        before="        if used_before < threshold <= used_after",
        after="        if threshold <= used_after",
    ),
    Mutant(
        name="an expired hold is free",
        file="nostr_usage/spending/rules.py",
        before="        if wanted > row.tokens or not is_open:",
        after="        if wanted > row.tokens:",
    ),
)
MUTANTS = (*FOLD, *GUARDRAILS)


def main() -> int:
    """Apply the mutants that were asked for; 1 if one survived."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names  [default: all]")
    parser.add_argument("--failures", type=int, default=SHOWN_MAX, help="tests to wait for, each")
    options = parser.parse_args()
    chosen = [one for one in MUTANTS if not options.names or any(part in one.name for part in options.names)]
    survivors = 0
    with copied_sources() as copy:
        if not is_sound(copy):
            print("the tests fail without any mutant, so nothing can be said about mutants")
            return 1
        for mutant in chosen:
            verdict = verdict_on(mutant, copy, failures=options.failures)
            survivors += not verdict.caught_by
            print(f"{'caught  ' if verdict.caught_by else 'SURVIVED'}  {mutant.name}", flush=True)
            for test in verdict.caught_by:
                print(f"          {test}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants were caught")
    return 1 if survivors else 0


@contextmanager
def copied_sources() -> Generator[Path]:
    """A copy of what tests run on, to be made wrong."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copy = Path(directory)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        yield copy


def is_sound(copy: Path, *, tests: Sequence[str] = TESTS) -> bool:
    """Whether the tests pass on the copy as it is: the control, without which no mutant is caught."""
    return not _failures(copy, tests, count=1)


def verdict_on(
    mutant: Mutant, copy: Path, *, tests: Sequence[str] = TESTS, failures: int = SHOWN_MAX
) -> Verdict:
    """What the tests say of a mutant; the copy is as before when it returns."""
    path = copy / mutant.file
    text = path.read_text("utf-8")
    assert text.count(mutant.before) == 1, f"{mutant.name}: not once in {mutant.file}"
    path.write_text(text.replace(mutant.before, mutant.after), "utf-8")
    try:
        return Verdict(mutant=mutant, caught_by=_failures(copy, tests, count=failures))
    finally:
        path.write_text(text, "utf-8")


def _failures(copy: Path, tests: Sequence[str], *, count: int) -> tuple[str, ...]:
    """The first tests that fail; bytecode is not kept, so that none outlives its source."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--maxfail={count}", *tests],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    found = tuple(_FAILED.findall(done.stdout))
    assert found or done.returncode == 0, done.stdout + done.stderr
    return found


if __name__ == "__main__":
    sys.exit(main())
