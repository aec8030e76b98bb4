"""What an action will cost, before it runs, and what that leaves of a balance."""

from __future__ import annotations

import pytest

from nostr_usage.amount import format_dollars
from nostr_usage.errors import InputError, UnknownNameError
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.expectation import Basis, Expected, Range, Request, expected_of_request
from nostr_usage.pricing.quote import (
    Quote,
    QuoteLine,
    QuoteWarning,
    Remainder,
    quote_activity,
    with_balance,
)

AT = 1_771_080_300  # 14 February 2026


@pytest.fixture(name="catalogue")
def default_catalogue() -> Catalogue:
    """The default catalogue."""
    return load_catalogue()


def quoted(catalogue: Catalogue, activity: str, balance: int, *, add_ons: tuple[str, ...] = ()) -> Quote:
    """A quote with what it leaves of a balance of the default meter."""
    quote = quote_activity(catalogue, activity, add_ons=add_ons)
    return with_balance(quote, balance, token_value=catalogue.token_value, low_balance=catalogue.low_balance)


def test_the_preview_of_an_experiment_adds_up(catalogue: Catalogue) -> None:
    """3,900 tokens are $5.85; of 5,847 they leave 1,947, which is $2.92 and running low."""
    quote = quoted(catalogue, "experiment-creation", 5_847)
    assert (quote.low, quote.typical, quote.high) == (3_600, 3_900, 4_200)
    assert format_dollars(quote.typical_micro_dollars) == "$5.85"
    assert quote.remainder == Remainder(
        before=5_847,
        before_micro_dollars=8_770_500,
        after=1_947,
        after_micro_dollars=2_920_500,
        after_low=1_647,
        after_high=2_247,
    )
    assert quote.remainder is not None
    assert format_dollars(quote.remainder.before_micro_dollars) == "$8.77"
    assert format_dollars(quote.remainder.after_micro_dollars) == "$2.92"
    assert quote.warnings == (QuoteWarning.NOT_TWICE,)
    assert (quote.basis, quote.samples, quote.sides, quote.cheaper) == (Basis.CATALOGUE, 0, None, ())


def test_the_preview_lists_the_action_and_every_add_on_chosen_or_not(catalogue: Catalogue) -> None:
    """+500 is $0.75, +5,000 is $7.50, film is free; the chosen lines add up to the total."""
    quote = quote_activity(catalogue, "experiment-creation", add_ons=("images",))
    assert quote.lines == (
        QuoteLine(
            name="experiment-creation",
            label="Text only (5 lessons)",
            tokens=3_900,
            micro_dollars=5_850_000,
            is_chosen=True,
        ),
        QuoteLine(
            name="images", label="Images (5 diagrams)", tokens=500, micro_dollars=750_000, is_chosen=True
        ),
        QuoteLine(
            name="audio",
            label="Audio narration (5 lessons)",
            tokens=5_000,
            micro_dollars=7_500_000,
            is_chosen=False,
        ),
        QuoteLine(name="video", label="Video curation", tokens=0, micro_dollars=0, is_chosen=False),
    )
    assert quote.typical == sum(line.tokens for line in quote.lines if line.is_chosen) == 4_400


def test_an_experiment_with_everything_is_9400_tokens(catalogue: Catalogue) -> None:
    """$14.10, and more than a balance of 5,847: 3,553 are missing."""
    quote = quoted(catalogue, "experiment-creation", 5_847, add_ons=("images", "audio"))
    assert (quote.typical, format_dollars(quote.typical_micro_dollars)) == (9_400, "$14.10")
    assert quote.warnings == (QuoteWarning.NOT_ENOUGH,)
    assert quote.remainder is not None
    assert (quote.remainder.after, format_dollars(quote.remainder.after_micro_dollars)) == (-3_553, "-$5.33")


def test_the_extremes_of_a_quote_have_their_dollars(catalogue: Catalogue) -> None:
    """A quiz is 272 to 500 tokens: $0.41 to $0.75."""
    quote = quote_activity(catalogue, "quiz-generation")
    assert not quote.is_fixed
    assert format_dollars(quote.low_micro_dollars) == "$0.41"
    assert format_dollars(quote.high_micro_dollars) == "$0.75"


def test_a_fixed_price_is_known_to_the_token(catalogue: Catalogue) -> None:
    """Matching is 300 tokens, and without a balance there is nothing to warn of."""
    quote = quote_activity(catalogue, "profile-matching")
    assert quote.is_fixed
    assert (quote.low, quote.typical, quote.high) == (300, 300, 300)
    assert quote.basis is Basis.FIXED
    assert quote.remainder is None
    assert quote.warnings == ()


@pytest.mark.parametrize(
    ("activity", "balance", "warnings"),
    [
        ("experiment-creation", 3_899, "not_enough"),
        ("experiment-creation", 3_900, "may_not_be_enough not_twice running_low"),
        ("experiment-creation", 4_199, "may_not_be_enough not_twice running_low"),
        ("experiment-creation", 4_200, "not_twice running_low"),
        ("experiment-creation", 4_899, "not_twice running_low"),
        ("experiment-creation", 4_900, "not_twice"),
        ("experiment-creation", 7_799, "not_twice"),
        ("experiment-creation", 7_800, ""),
        ("profile-matching", 599, "not_twice running_low"),
        ("profile-matching", 1_299, "running_low"),  # 999 left: below the catalogue's 1,000
        ("profile-matching", 1_300, ""),
        ("profile-matching", 0, "not_enough"),
        ("profile-matching", -50, "not_enough"),
    ],
)
def test_a_quote_warns_of_the_gravest_first(
    catalogue: Catalogue, activity: str, balance: int, warnings: str
) -> None:
    """Not enough, perhaps not enough, not twice, running low: at the very token."""
    assert warnings.split() == list(quoted(catalogue, activity, balance).warnings)


def test_unknown_names_are_refused(catalogue: Catalogue) -> None:
    """Of activities and of add-ons; and an add-on is chosen once."""
    with pytest.raises(UnknownNameError, match="unknown activity"):
        quote_activity(catalogue, "chat")
    with pytest.raises(UnknownNameError, match="unknown add-on"):
        quote_activity(catalogue, "quiz-generation", add_ons=("images",))
    with pytest.raises(InputError, match="chosen twice"):
        quote_activity(catalogue, "experiment-creation", add_ons=("images", "images"))


def test_an_action_without_a_detail_is_quoted_by_its_label(catalogue: Catalogue) -> None:
    """The first line falls back to the activity's label."""
    plain = catalogue.activity("quiz-generation").model_copy(update={"detail": ""})
    bare = catalogue.model_copy(update={"activities": (plain,)})
    assert ["Quiz Generation"] == [line.label for line in quote_activity(bare, plain.name).lines]


def test_what_goes_in_and_out_adds_up_to_the_action() -> None:
    """Tokens and dollars, whatever is rounded; an add-on belongs to neither."""
    lab = load_catalogue("prompt_lab")
    rule = lab.activity("prompt-run")
    for units_in, units_out in ((2_000, 500), (1, 1), (0, 0), (7, 0)):
        request = Request(
            model="claude-sonnet-4-5",
            prompt=Range.exactly(units_in),
            completion=Range.exactly(units_out),
        )
        expected = expected_of_request(lab, rule, request, history=None, at=AT)
        quote = quote_activity(lab, rule.name, expected=expected, model=request.model, at=AT)
        assert quote.sides is not None
        going_in, coming_out = quote.sides
        assert quote.lines[0].tokens == going_in.tokens + coming_out.tokens
        assert quote.lines[0].micro_dollars == going_in.micro_dollars + coming_out.micro_dollars
        assert (Range.exactly(units_in), Range.exactly(units_out)) == (going_in.units, coming_out.units)
    assert quote_activity(lab, rule.name, expected=expected, model=request.model).sides is None


def test_sides_need_to_decide_the_charge(catalogue: Catalogue) -> None:
    """Units that are known of a stated charge say nothing about it."""
    seen = Expected(
        basis=Basis.HISTORY,
        tokens=Range.exactly(300),
        samples=20,
        prompt=Range.exactly(10),
        completion=Range.exactly(5),
    )
    quote = quote_activity(catalogue, "quiz-generation", expected=seen, at=AT)
    assert (None, Basis.HISTORY, 20) == (quote.sides, quote.basis, quote.samples)
