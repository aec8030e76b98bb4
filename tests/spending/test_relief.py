"""Relief: what would help somebody who was refused, and nothing that would not."""

from __future__ import annotations

import pytest

from nostr_usage.ledger.refusal import Help, HelpKind, Refusal, RefusalCode
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.spending.relief import with_help

AT = 1_771_080_300  # 14 February 2026


def helps(
    code: RefusalCode = RefusalCode.NOT_ENOUGH,
    *,
    needed: int = 3_900,
    left: int = 0,
    activity: str = "experiment-creation",
    add_ons: tuple[str, ...] = (),
    model: str | None = None,
    catalogue: Catalogue | None = None,
) -> list[tuple[HelpKind, str, int]]:
    """Kind, name and tokens of what would help."""
    refusal = Refusal(code=code, message="no", needed=needed, left=left, resets_at=None, status=402)
    catalogue = catalogue or load_catalogue()
    found = with_help(refusal, catalogue, activity=activity, add_ons=add_ons, model=model, at=AT)
    assert all(one.text for one in found.help)
    return [(one.kind, one.name, one.tokens) for one in found.help]


@pytest.mark.parametrize(
    ("missing", "pack", "tokens"),
    [
        (1, "pack-10", 5_800),
        (5_800, "pack-10", 5_800),
        (5_801, "pack-25", 14_500),
        (58_000, "pack-100", 58_000),
        (58_001, "pack-100", 116_000),
    ],
)
def test_the_smallest_pack_that_is_enough_is_offered(missing: int, pack: str, tokens: int) -> None:
    """Of the largest pack several, where one is not enough."""
    assert [(HelpKind.BUY, pack, tokens)] == helps(needed=missing)


def test_debt_is_bought_off_too() -> None:
    """What is owed is paid first, so it is part of what is missing."""
    assert [(HelpKind.BUY, "pack-25", 14_500)] == helps(RefusalCode.EMPTY, needed=3_900, left=-2_000)


def test_a_pack_of_another_meter_does_not_help() -> None:
    """Tokens for forecasts write no goals."""
    suite = load_catalogue("bright_audio")
    assert [(HelpKind.BUY, "forecasts-40", 40)] == helps(
        needed=4, activity="forecast_revenue", catalogue=suite
    )


def test_nothing_is_offered_where_nothing_is_sold() -> None:
    """A catalogue without packs has none to offer."""
    bare = load_catalogue().model_copy(update={"packs": ()})
    assert [] == helps(needed=300, catalogue=bare)


@pytest.mark.parametrize(
    ("left", "dropped"),
    [
        (4_400, ["audio"]),
        (3_901, ["audio", "images"]),
        (3_900, ["audio", "images"]),
        (3_899, []),
        (8_999, ["audio"]),
    ],
)
def test_options_are_dropped_the_dearest_first(left: int, dropped: list[str]) -> None:
    """Of 9,400 with audio and images; nothing is said where dropping all of them would not do."""
    found = helps(needed=9_400, left=left, add_ons=("images", "audio", "video"))
    assert dropped == [name for kind, name, _ in found if kind is HelpKind.DROP_ADD_ON]


def test_cheaper_models_that_would_do_are_offered() -> None:
    """The dearest of those first, each with what it would take; dearer ones and the same one are not."""
    lab = load_catalogue("prompt_lab")
    found = helps(needed=5_000, left=4_000, activity="prompt-run", model="claude-sonnet-4-5", catalogue=lab)
    models = [(name, tokens) for kind, name, tokens in found if kind is HelpKind.OTHER_MODEL]
    assert [tokens for _, tokens in models] == sorted((tokens for _, tokens in models), reverse=True)
    assert {"gpt-5-mini", "gemini-2.5-flash"} <= {name for name, _ in models}
    assert all(tokens <= 4_000 and name != "claude-sonnet-4-5" for name, tokens in models)
    assert [] == [
        kind
        for kind, *_ in helps(needed=5_000, left=0, activity="prompt-run", model="gpt-5", catalogue=lab)
        if kind is HelpKind.OTHER_MODEL
    ]


def test_a_model_without_a_price_is_compared_with_nothing() -> None:
    """Nobody knows whether another one is cheaper."""
    lab = load_catalogue("prompt_lab")
    found = helps(needed=10, left=5, activity="prompt-run", model="home-grown", catalogue=lab)
    assert [HelpKind.BUY] == [kind for kind, *_ in found]


def test_a_fixed_price_is_the_same_for_every_model() -> None:
    """So no other model is offered."""
    found = helps(needed=300, activity="profile-matching", model="gpt-5")
    assert [HelpKind.BUY] == [kind for kind, *_ in found]


def test_a_budget_is_not_mended_by_money() -> None:
    """Dropping options helps, a pack does not."""
    found = helps(RefusalCode.BUDGET_REACHED, needed=4_400, left=4_000, add_ons=("images",))
    assert [(HelpKind.DROP_ADD_ON, "images", 500)] == found


def test_a_rate_is_mended_by_waiting_only() -> None:
    """Nothing is added to what the guardrail itself says."""
    assert [] == helps(RefusalCode.RATE_LIMITED, needed=1)


def test_without_ai_another_plan_helps() -> None:
    """The first that has AI."""
    suite = load_catalogue("bright_audio")
    found = helps(RefusalCode.NO_AI, activity="generate_goal", catalogue=suite)
    assert [(HelpKind.OTHER_PLAN, "pro", 50)] == found
    ailing = suite.model_copy(update={"plans": suite.plans[:1]})
    assert [] == helps(RefusalCode.NO_AI, activity="generate_goal", catalogue=ailing)


def test_help_of_the_guardrail_comes_first() -> None:
    """What it said already is kept."""
    wait = Help(kind=HelpKind.WAIT, text="Wait.", at=1)
    refusal = Refusal(
        code=RefusalCode.EMPTY, message="no", needed=1, left=0, resets_at=1, status=402, help=(wait,)
    )
    found = with_help(refusal, load_catalogue(), activity="quiz-generation", add_ons=(), model=None, at=AT)
    assert [wait.kind, HelpKind.BUY] == [one.kind for one in found.help]
