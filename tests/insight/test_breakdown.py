"""Use in parts that add up."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.insight.breakdown import Dimension, breakdown
from nostr_usage.insight.use import Use, without_prompts
from tests.insight.uses import ZONE, use

USES = (
    use("01-31 23:30", 100, actor="ann", usage=(("gpt-5", "output", 1),)),
    use("02-01 10:00", 300, activity="plan", group="sales", usage=(("gpt-5", "output", 1),)),
    use("02-01 11:00", 50, prompt="greet", usage=(("gpt-5", "output", 1), ("mini", "output", 2))),
    use("02-02 11:00", -50, prompt="greet", count=0, micro_dollars=-50_000),
)


@pytest.mark.parametrize(
    ("dimension", "rows"),
    [
        (Dimension.ACTIVITY, [("plan", 1, 300), ("chat", 2, 100)]),
        (Dimension.MODEL, [("gpt-5", 2, 400), ("several", 1, 50), ("", 0, -50)]),
        (Dimension.MEMBER, [("", 2, 300), ("ann", 1, 100)]),
        (Dimension.GROUP, [("sales", 1, 300), ("", 2, 100)]),
        (Dimension.PROMPT, [("", 2, 400), ("greet", 1, 0)]),
        (Dimension.DAY, [("2026-01-31", 1, 100), ("2026-02-01", 2, 350), ("2026-02-02", 0, -50)]),
        (Dimension.MONTH, [("2026-01", 1, 100), ("2026-02", 2, 300)]),
        (Dimension.HOUR, [("10", 1, 300), ("11", 1, 0), ("23", 1, 100)]),
    ],
)
def test_use_by_every_dimension(dimension: Dimension, rows: list[tuple[str, int, int]]) -> None:
    """Net of refunds; the largest first, days and months in order."""
    found = breakdown(USES, dimension, zone=ZONE)
    assert rows == [(row.name, row.count, row.tokens) for row in found.rows]
    assert (3, 400, 400_000, 40) == (found.count, found.tokens, found.micro_dollars, found.cents)


def test_days_are_those_of_the_zone() -> None:
    """Half past eleven in London is the next day in Prague."""
    found = breakdown(USES[:1], Dimension.DAY, zone=ZoneInfo("Europe/Prague"))
    assert ["2026-02-01"] == [row.name for row in found.rows]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 10**6), st.integers(0, 10**7))))
def test_every_breakdown_adds_up(parts: list[tuple[str, int, int]]) -> None:
    """Tokens, dollars, cents, and the shares to 100 or to 0."""
    uses = [Use(at=0, activity=name, tokens=tokens, micro_dollars=cost) for name, tokens, cost in parts]
    found = breakdown(uses, Dimension.ACTIVITY, zone=ZONE)
    assert sum(tokens for _, tokens, _ in parts) == found.tokens
    assert sum(cost for _, _, cost in parts) == found.micro_dollars
    assert (found.micro_dollars + 5_000) // 10_000 == found.cents == sum(row.cents for row in found.rows)
    assert (100 if found.tokens else 0) == sum(row.share for row in found.rows)


def test_uses_can_forget_their_prompts() -> None:
    """For advice by activity; nothing else changes."""
    found = breakdown(without_prompts(USES), Dimension.PROMPT, zone=ZONE)
    assert [("", 3, 400)] == [(row.name, row.count, row.tokens) for row in found.rows]
    assert breakdown(USES, Dimension.MEMBER, zone=ZONE) == breakdown(
        without_prompts(USES), Dimension.MEMBER, zone=ZONE
    )
