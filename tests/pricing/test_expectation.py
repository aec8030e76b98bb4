"""What an action is expected to use: percentiles of what came before, and requests at their model's price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import InputError, PricingError, UnknownModelError
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.expectation import (
    HISTORY_MIN,
    Basis,
    Expected,
    Range,
    Request,
    Sample,
    charged,
    expected_by_catalogue,
    expected_from_history,
    expected_of_request,
    range_of,
    usage_of,
    weights,
)

AT = 1_771_080_300  # 14 February 2026
FIGURES = st.lists(st.integers(0, 10**9), min_size=1, max_size=60)
MODEL = "claude-sonnet-4-5"


@pytest.fixture(name="lab", scope="module")
def prompt_lab() -> Catalogue:
    """A catalogue that charges what the models cost: a million tokens are ten dollars."""
    return load_catalogue("prompt_lab")


@given(FIGURES)
def test_a_range_holds_the_median_of_what_it_was_made_from(figures: list[int]) -> None:
    """Low ≤ typical ≤ high, all of them figures that occurred, half of them at most typical."""
    found = range_of(figures)
    assert min(figures) <= found.low <= found.typical <= found.high <= max(figures)
    assert {found.low, found.typical, found.high} <= set(figures)
    assert 2 * sum(one <= found.typical for one in figures) >= len(figures)
    assert 2 * sum(one >= found.typical for one in figures) >= len(figures)


@pytest.mark.parametrize(("low", "typical", "high"), [(-1, 0, 1), (2, 1, 3), (1, 3, 2), (3, 2, 1)])
def test_a_range_does_not_descend(low: int, typical: int, high: int) -> None:
    """Nor begin below zero."""
    with pytest.raises(InputError, match="is no range"):
        Range(low=low, typical=typical, high=high)


def test_too_few_actions_make_no_range() -> None:
    """Nineteen are too few; with twenty the 90th percentile is the third largest."""
    samples = [Sample(tokens=number) for number in range(1, HISTORY_MIN + 1)]
    assert expected_from_history(samples[:-1]) is None
    assert Expected(
        basis=Basis.HISTORY, tokens=Range(low=2, typical=10, high=18), samples=20
    ) == expected_from_history(samples)


def test_two_odd_actions_of_twenty_are_not_the_quote() -> None:
    """A control of the least number: of ten, one odd action already is the second largest."""
    samples = [Sample(tokens=250)] * 18 + [Sample(tokens=90_000)] * 2
    found = expected_from_history(samples)
    assert found is not None
    assert Range.exactly(250) == found.tokens
    assert range_of([250] * 8 + [90_000] * 2).high == 90_000


def test_units_make_ranges_of_their_own() -> None:
    """Where enough actions reported them; the figures of two ranges belong to no single action."""
    samples = [Sample(tokens=5, units_in=100 - number, units_out=number) for number in range(20)]
    found = expected_from_history(samples)
    assert found is not None
    assert (Range(low=82, typical=90, high=98), Range(low=1, typical=9, high=17)) == (
        found.prompt,
        found.completion,
    )
    partly = expected_from_history([*samples[1:], Sample(tokens=5)])
    assert partly is not None
    assert (None, None) == (partly.prompt, partly.completion)


def test_the_catalogue_knows_prices_and_estimates(lab: Catalogue) -> None:
    """A fixed price is no estimate."""
    assert Expected(
        basis=Basis.CATALOGUE, tokens=Range(low=50, typical=500, high=5_000)
    ) == expected_by_catalogue(lab.activity("prompt-run"))
    fixed = load_catalogue().activity("profile-matching")
    assert (Basis.FIXED, Range.exactly(300)) == (
        expected_by_catalogue(fixed).basis,
        expected_by_catalogue(fixed).tokens,
    )


def request(prompt: int, completion: int | None, *, model: str | None = MODEL) -> Request:
    """A request with counts that are known."""
    known = None if completion is None else Range.exactly(completion)
    return Request(model=model, prompt=Range.exactly(prompt), completion=known)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_request_is_quoted_what_it_will_be_charged(units_in: int, units_out: int) -> None:
    """Where both counts are known, to the token."""
    catalogue = load_catalogue("prompt_lab")
    rule = catalogue.activity("prompt-run")
    found = expected_of_request(catalogue, rule, request(units_in, units_out), history=None, at=AT)
    usage = (usage_of(MODEL, units_in=units_in, units_out=units_out),)
    actual = charge_for(catalogue, "prompt-run", usage=usage, at=AT).tokens
    assert Range.exactly(actual) == found.tokens
    assert not found.is_completion_assumed


def test_what_comes_out_is_taken_from_history_else_assumed(lab: Catalogue) -> None:
    """Three in, two out, from nothing to twice that: unless the account's own actions know better."""
    rule = lab.activity("prompt-run")
    assumed = expected_of_request(lab, rule, request(1_200, None), history=None, at=AT)
    assert (True, 0, Range(low=0, typical=800, high=1_600)) == (
        assumed.is_completion_assumed,
        assumed.samples,
        assumed.completion,
    )
    history = expected_from_history([Sample(tokens=9, units_in=1, units_out=number) for number in range(20)])
    known = expected_of_request(lab, rule, request(1_200, None), history=history, at=AT)
    assert (False, 20, Range(low=1, typical=9, high=17)) == (
        known.is_completion_assumed,
        known.samples,
        known.completion,
    )
    stated = expected_of_request(lab, rule, request(1_200, 7), history=history, at=AT)
    assert (0, Range.exactly(7)) == (stated.samples, stated.completion)


def test_the_aims_of_a_catalogue_say_how_much_comes_out() -> None:
    """60 % in; a catalogue that aims at nothing going in is taken as if it had no aims."""
    suite = load_catalogue("koffers")
    assert suite.aims is not None
    rule = suite.activity("chat")
    for share, usual in ((60, 800), (80, 300), (100, 0), (0, 800)):
        aims = suite.aims.model_copy(update={"input_percent": share})
        catalogue = suite.model_copy(update={"aims": aims})
        found = expected_of_request(catalogue, rule, request(1_200, None, model=None), history=None, at=AT)
        assert Range(low=0, typical=usual, high=2 * usual) == found.completion
        assert Range(low=1_200, typical=1_200 + usual, high=1_200 + 2 * usual) == found.tokens


def test_a_request_that_decides_nothing_is_refused(lab: Catalogue) -> None:
    """A fixed or stated charge has no prompt; a model's price needs its model."""
    default = load_catalogue()
    for activity in ("profile-matching", "quiz-generation"):
        with pytest.raises(InputError, match="does not depend on its prompt"):
            expected_of_request(default, default.activity(activity), request(1, 1), history=None, at=AT)
    rule = lab.activity("prompt-run")
    with pytest.raises(InputError, match="price of its model"):
        expected_of_request(lab, rule, request(1, 1, model=None), history=None, at=AT)
    with pytest.raises(UnknownModelError):
        expected_of_request(lab, rule, request(1, 1, model="nobodys"), history=None, at=AT)
    speech = load_catalogue("vibrationfit")
    with pytest.raises(PricingError, match="does not count"):
        expected_of_request(speech, speech.activity("transcription"), request(1, 1), history=None, at=AT)


def test_what_goes_in_and_out_weighs_by_its_price(lab: Catalogue) -> None:
    """$3 in and $15 out weigh one to five; nothing weighs where neither decides the charge."""
    rule = lab.activity("prompt-run")
    assert (300_000_000_000, 1_500_000_000_000) == tuple(
        part // 10 for part in weights(lab, rule, MODEL, units_in=1_000, units_out=1_000, at=AT) or ()
    )
    assert weights(lab, rule, None, units_in=1, units_out=1, at=AT) is None
    assert weights(lab, rule, "nobodys", units_in=1, units_out=1, at=AT) is None
    default = load_catalogue()
    assert (
        weights(default, default.activity("quiz-generation"), MODEL, units_in=1, units_out=1, at=AT) is None
    )
    suite = load_catalogue("koffers")
    assert (7, 9) == weights(suite, suite.activity("chat"), None, units_in=7, units_out=9, at=AT)


def test_a_counted_charge_needs_no_model() -> None:
    """A token is a token."""
    suite = load_catalogue("koffers")
    assert 1_600 == charged(suite, suite.activity("chat"), None, units_in=1_000, units_out=600, at=AT)
