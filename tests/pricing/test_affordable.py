"""What a balance and a pack are enough for, to the very token; and no pack is best that is not."""

from __future__ import annotations

import pytest

from nostr_usage.pricing.affordable import Affordable, Enough, NotEnough, affordable, best_value_pack
from nostr_usage.pricing.catalogue import Catalogue, catalogue_from_toml, load_catalogue
from nostr_usage.pricing.offers import Pack

ONE_ACTIVITY = """
name = "one"
version = "1"
title = "One"
token_value = "0.0000001"
currency = "USD"
meters = ["tokens", "goals"]
low_balance = 10
thresholds = []
grace_hours = 0
[[activities]]
name = "goal"
label = "Goal"
meter = "goals"
accepts = ["fixed"]
tokens = 3
[[plans]]
name = "free"
title = "Free"
price = "0"
allowance = 0
cycle = { kind = "calendar_month", zone = "UTC" }
"""


@pytest.fixture(name="catalogue")
def default_catalogue() -> Catalogue:
    """The default catalogue."""
    return load_catalogue()


def test_847_tokens_are_enough_for_three_chats_and_not_for_an_experiment(catalogue: Catalogue) -> None:
    """The panel of a low balance: three chats, or one match and two chats."""
    found = affordable(catalogue, 847)
    assert found == Affordable(
        tokens=847,
        enough_for=(
            Enough(activity="magic-mentor", label="Magic Mentor", tokens=250, count=3, tenths=34),
            Enough(activity="profile-matching", label="Profile Matching", tokens=300, count=2, tenths=28),
            Enough(activity="quiz-generation", label="Quiz Generation", tokens=386, count=2, tenths=22),
        ),
        not_enough_for=(
            NotEnough(
                activity="experiment-creation", label="Experiment Creation", tokens=3_900, missing=3_053
            ),
        ),
        mix=(
            Enough(activity="profile-matching", label="Profile Matching", tokens=300, count=1, tenths=10),
            Enough(activity="magic-mentor", label="Magic Mentor", tokens=250, count=2, tenths=22),
        ),
    )


@pytest.mark.parametrize(
    ("pack", "experiments", "chats"),
    [("pack-10", 15, 23), ("pack-25", 37, 58), ("pack-50", 74, 116), ("pack-100", 149, 232)],
)
def test_what_a_pack_is_enough_for(catalogue: Catalogue, pack: str, experiments: int, chats: int) -> None:
    """As the shop says it: about 1.5 experiments or 23 chats for $10, up to 14.9 or 232 for $100."""
    enough = {one.activity: one for one in affordable(catalogue, catalogue.pack(pack).tokens).enough_for}
    assert experiments == enough["experiment-creation"].tenths
    assert chats == enough["magic-mentor"].count


@pytest.mark.parametrize(
    ("tokens", "enough", "mix"),
    [(549, 3, 0), (550, 3, 2), (250, 1, 0), (249, 0, 0), (0, 0, 0), (-5, 0, 0)],
)
def test_enough_and_a_mix_begin_at_the_very_token(
    catalogue: Catalogue, tokens: int, enough: int, mix: int
) -> None:
    """A mix needs room for one of each of the two cheapest; debt is enough for nothing."""
    found = affordable(catalogue, tokens)
    assert enough == len(found.enough_for)
    assert 4 - enough == len(found.not_enough_for)
    assert mix == len(found.mix)


def test_only_activities_of_the_meter_count() -> None:
    """Goals are not bought with tokens; one activity alone makes no mix."""
    catalogue = catalogue_from_toml(ONE_ACTIVITY, file="one.toml")
    assert affordable(catalogue, 100) == Affordable(tokens=100, enough_for=(), not_enough_for=(), mix=())
    goals = affordable(catalogue, 7, meter="goals")
    assert [(one.activity, one.count) for one in goals.enough_for] == [("goal", 2)]
    assert goals.mix == ()


def packs(*offers: tuple[str, int]) -> tuple[Pack, ...]:
    """Packs with these prices in dollars and tokens."""
    return tuple(
        Pack.model_validate_json(f'{{"name": "p{dollars}", "price": "{dollars}", "tokens": {tokens}}}')
        for dollars, tokens in offers
    )


def test_no_pack_of_the_default_is_the_best_value(catalogue: Catalogue) -> None:
    """The mock-up marks the $25 pack, but all four are 580 tokens a dollar."""
    assert best_value_pack(catalogue.packs) is None


def test_the_best_value_has_more_tokens_a_dollar_than_every_other() -> None:
    """By exact comparison; a tie at the top has no best, and one pack alone is not compared."""
    assert best_value_pack(packs(("10", 5_800), ("25", 14_501), ("50", 29_000))) == packs(("25", 14_501))[0]
    assert best_value_pack(packs(("10", 5_800), ("25", 14_600), ("50", 29_200))) is None
    assert best_value_pack(packs(("10", 5_800))) is None
    assert best_value_pack(()) is None
