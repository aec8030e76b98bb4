"""What was quoted against what was charged: sums that add up, and shares by nearest rank."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.insight.accuracy import Accuracy, Estimate, accuracy

TOKENS = st.integers(0, 10**9)
ESTIMATES = st.lists(
    st.builds(Estimate, activity=st.sampled_from(["chat", "quiz", "match"]), quoted=TOKENS, charged=TOKENS)
)


@pytest.mark.parametrize(
    ("quoted", "charged", "percent"),
    [(250, 250, 0), (250, 275, 10), (250, 225, 10), (200, 201, 1), (200, 500, 150), (0, 0, 0), (0, 7, 100)],
)
def test_how_far_off_is_told_in_percent_of_the_quote(quoted: int, charged: int, percent: int) -> None:
    """Halves up; nothing quoted and something charged is all of it."""
    assert percent == Estimate(activity="chat", quoted=quoted, charged=charged).off_percent


def test_ten_chats_and_a_match() -> None:
    """The activity that was quoted most comes first, all together come last."""
    chats = [Estimate(activity="chat", quoted=250, charged=250 + 5 * number) for number in range(10)]
    match = Estimate(activity="match", quoted=300, charged=300)
    expected = Accuracy(
        activity="chat",
        count=10,
        quoted=2_500,
        charged=2_725,
        exceeded=9,
        close=6,
        off_typical=8,
        off_high=16,
    )
    found = accuracy([match, *chats])
    assert [expected, "match", ""] == [found[0], found[1].activity, found[2].activity]
    assert (11, 2_800, 3_025, 9, 7) == (
        found[2].count,
        found[2].quoted,
        found[2].charged,
        found[2].exceeded,
        found[2].close,
    )


@given(ESTIMATES)
def test_activities_add_up_to_all(estimates: list[Estimate]) -> None:
    """Counts and tokens, however they are mixed; nothing comes of nothing."""
    found = accuracy(estimates)
    assert bool(found) is bool(estimates)
    for name in ("count", "quoted", "charged", "exceeded", "close"):
        figures = [getattr(one, name) for one in found]
        assert sum(figures[:-1]) == sum(figures[-1:])
    assert all(one.off_typical <= one.off_high for one in found)
