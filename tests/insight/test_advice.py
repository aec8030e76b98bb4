"""What would have cost less."""

from __future__ import annotations

from nostr_usage.insight.advice import Advice, AdviceKind, cheaper_models, long_prompts, rare_add_ons
from nostr_usage.insight.use import Use
from tests.insight.uses import use

RATES = {"large": 10, "small": 1, "medium": 5}


def repriced(one: Use, model: str) -> int | None:
    """Micro-dollars a unit."""
    return RATES[model] * sum(units for _, _, units in one.usage) if model in RATES else None


def chats(model: str, *, count: int = 5, units: int = 100) -> list[Use]:
    """So many chats with one model."""
    return [use("02-01", 1, usage=((model, "output", units),)) for _ in range(count)]


def test_the_cheapest_model_is_advised_with_its_saving() -> None:
    """Computed from the very usage of those chats."""
    assert (
        Advice(
            kind=AdviceKind.OTHER_MODEL,
            subject="chat",
            instead_of="large",
            use="small",
            actions=5,
            saved_micro_dollars=4_500,
            saved_percent=90,
        ),
    ) == cheaper_models(chats("large"), ["large", "medium", "small"], repriced=repriced)


def test_no_model_is_advised_without_a_reason() -> None:
    """The cheapest already; too few actions; no price; several models; nothing but refunds; nothing paid."""
    models = ["small", "medium", "unknown"]
    assert () == cheaper_models(chats("small"), models, repriced=repriced)
    assert () == cheaper_models(chats("large", count=4), models, repriced=repriced)
    assert () == cheaper_models(chats("unknown"), models, repriced=repriced)
    both = [use("02-01", 1, usage=(("large", "output", 1), ("small", "output", 1)))] * 5
    assert () == cheaper_models(both, models, repriced=repriced)
    assert () == cheaper_models([use("02-01", -1, count=0)] * 5, models, repriced=repriced)
    assert () == cheaper_models(chats("large", units=0), models, repriced=repriced)


def prompts(read: int, written: int, *, count: int = 5, prompt: str | None = "greet") -> list[Use]:
    """So many runs of a prompt."""
    usage = (("large", "fresh_input", read), ("large", "output", written))
    return [use("02-01", 10, usage=usage, prompt=prompt) for _ in range(count)]


def test_prompts_that_read_much_and_write_little_are_named() -> None:
    """Half of what went in, as a share of the charge."""
    (found,) = long_prompts(prompts(9_000, 900))
    assert (AdviceKind.SHORTER_PROMPTS, "greet", 5) == (found.kind, found.subject, found.actions)
    assert (22_727, 45) == (found.saved_micro_dollars, found.saved_percent)


def test_without_a_name_the_activity_is_meant() -> None:
    """Prompts need not be named."""
    assert ["chat"] == [found.subject for found in long_prompts(prompts(9_000, 900, prompt=None))]


def test_no_prompt_is_named_without_a_reason() -> None:
    """Short ones; those that write as much; too few; those whose usage is sealed."""
    assert () == long_prompts(prompts(1_999, 0))
    assert () == long_prompts(prompts(9_000, 901))
    assert () == long_prompts(prompts(9_000, 900, count=4))
    assert () == long_prompts([use("02-01", 10)] * 5)


def experiments(plain: int, illustrated: int) -> list[Use]:
    """Experiments without and with pictures."""
    return [
        *[use("02-01", 3_900, activity="experiment") for _ in range(plain)],
        *[use("02-01", 4_400, activity="experiment", options=("images",)) for _ in range(illustrated)],
        use("02-02", -10, activity="experiment", count=0),
    ]


def test_add_ons_that_are_rarely_chosen_are_named() -> None:
    """One of five: what it cost."""
    assert (
        Advice(
            kind=AdviceKind.FEWER_ADD_ONS,
            subject="experiment",
            instead_of="images",
            actions=1,
            saved_micro_dollars=750_000,
            saved_percent=4,
        ),
    ) == rare_add_ons(experiments(4, 1), worth=lambda _activity, _option: 750_000)


def test_no_add_on_is_named_without_a_reason() -> None:
    """Chosen often; too few actions; free or no longer sold."""
    assert () == rare_add_ons(experiments(3, 2), worth=lambda _activity, _option: 750_000)
    assert () == rare_add_ons(experiments(3, 1), worth=lambda _activity, _option: 750_000)
    for worth in (0, None):
        assert () == rare_add_ons(experiments(4, 1), worth=lambda _activity, _option, worth=worth: worth)


def test_the_largest_saving_comes_first() -> None:
    """Whatever the activity's name."""
    prices = {"images": 1, "audio": 2}
    both = [use("02-01", 1, options=("images", "audio")), *[use("02-01", 1)] * 4]
    assert ["audio", "images"] == [
        found.instead_of for found in rare_add_ons(both, worth=lambda _activity, option: prices[option])
    ]
