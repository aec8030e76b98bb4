"""Other models for the same action: only those that save something, and savings that add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.amount import divide_up, micro_dollars, percent
from nostr_usage.pricing.alternatives import ALTERNATIVES_MAX, charges_elsewhere, cheaper_models
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.expectation import (
    Basis,
    Expected,
    Range,
    Request,
    expected_by_catalogue,
    expected_of_request,
    usage_of,
)
from nostr_usage.pricing.meters import Model

AT = 1_771_080_300  # 14 February 2026
DEAR = "claude-sonnet-4-5"


@pytest.fixture(name="lab", scope="module")
def prompt_lab() -> Catalogue:
    """A catalogue with four models at public prices."""
    return load_catalogue("prompt_lab")


def of_request(catalogue: Catalogue, units_in: int, units_out: int) -> Expected:
    """A request to the dear model."""
    request = Request(model=DEAR, prompt=Range.exactly(units_in), completion=Range.exactly(units_out))
    return expected_of_request(catalogue, catalogue.activity("prompt-run"), request, history=None, at=AT)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_every_saving_adds_up(units_in: int, units_out: int) -> None:
    """Tokens and what they save make the quote; with the other model it is charged just that."""
    lab = load_catalogue("prompt_lab")
    expected = of_request(lab, units_in, units_out)
    found = cheaper_models(lab, lab.activity("prompt-run"), DEAR, expected, at=AT)
    assert [one.tokens for one in found] == sorted(one.tokens for one in found)
    for one in found:
        assert expected.tokens.typical == one.tokens + one.saved_tokens
        assert one.saved_tokens > 0
        assert micro_dollars(one.saved_tokens, lab.token_value) == one.saved_micro_dollars
        assert percent(one.saved_tokens, expected.tokens.typical) == one.saved_percent
        usage = (usage_of(one.model, units_in=units_in, units_out=units_out),)
        assert one.tokens == charge_for(lab, "prompt-run", usage=usage, at=AT).tokens


def test_the_cheapest_come_first_and_the_same_model_never(lab: Catalogue) -> None:
    """By their label; a dearer model saves nothing and is not named."""
    rule = lab.activity("prompt-run")
    found = cheaper_models(lab, rule, DEAR, of_request(lab, 2_000, 500), at=AT)
    assert [
        ("gpt-5-mini", "GPT-5 mini", 150, 1_200, 89),
        ("gemini-2.5-flash", "Gemini 2.5 Flash", 185, 1_165, 86),
    ] == [(one.model, one.label, one.tokens, one.saved_tokens, one.saved_percent) for one in found[:2]]
    assert () == cheaper_models(lab, rule, "gpt-5-mini", of_request(lab, 0, 0), at=AT)
    assert len(found) <= ALTERNATIVES_MAX


def test_without_units_prices_are_compared_by_what_is_usual(lab: Catalogue) -> None:
    """Three in, two out: $3 and $15 are $7.80 a million, $0.25 and $2 are $0.95."""
    rule = lab.activity("prompt-run")
    found = cheaper_models(lab, rule, DEAR, expected_by_catalogue(rule), at=AT)
    assert ("gpt-5-mini", divide_up(500 * 95, 780)) == (found[0].model, found[0].tokens)
    assert all(500 == one.tokens + one.saved_tokens for one in found)


def test_units_of_history_weigh_the_prices(lab: Catalogue) -> None:
    """What mostly comes in is compared by what goes in."""
    rule = lab.activity("prompt-run")
    seen = Expected(
        basis=Basis.HISTORY,
        tokens=Range.exactly(1_000),
        samples=20,
        prompt=Range.exactly(1_000),
        completion=Range.exactly(0),
    )
    costs = dict(charges_elsewhere(lab, DEAR, 1_000, units=(1_000, 0), at=AT))
    found = cheaper_models(lab, rule, DEAR, seen, at=AT)
    assert [costs[one.model] for one in found] == [one.tokens for one in found]


def test_nothing_is_offered_where_no_model_decides(lab: Catalogue) -> None:
    """No model, a stated figure, a charge that counts tokens, a model without a price, nothing to weigh."""
    rule, suite = lab.activity("prompt-run"), load_catalogue("koffers")
    chat = suite.activity("chat")
    expected = expected_by_catalogue(rule)
    stated = Expected(basis=Basis.STATED, tokens=Range.exactly(7))
    assert () == cheaper_models(lab, rule, None, expected, at=AT)
    assert () == cheaper_models(lab, rule, DEAR, stated, at=AT)
    assert () == cheaper_models(suite, chat, DEAR, expected_by_catalogue(chat), at=AT)
    assert () == cheaper_models(lab, rule, "nobodys", expected, at=AT)
    assert [] == list(charges_elsewhere(lab, DEAR, 500, units=(0, 0), at=AT))


def test_a_model_that_has_no_price_is_left_out(lab: Catalogue) -> None:
    """It may be on offer all the same; without a label it goes by its name."""
    models = (Model(name="nobodys", price="public"), Model(name="gpt-5-mini", price="public"))
    catalogue = lab.model_copy(update={"models": models})
    rule = catalogue.activity("prompt-run")
    for expected in (expected_by_catalogue(rule), of_request(catalogue, 2_000, 500)):
        found = cheaper_models(catalogue, rule, DEAR, expected, at=AT)
        assert ["gpt-5-mini"] == [one.label for one in found]
