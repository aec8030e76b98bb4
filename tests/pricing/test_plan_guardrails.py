"""Guardrails as a catalogue writes them: what may be left out, what does not fit together."""

from __future__ import annotations

from typing import Any

import pytest
import tomli_w

from nostr_usage.errors import CatalogueError
from nostr_usage.pricing.catalogue import Catalogue, catalogue_from_toml
from nostr_usage.pricing.guardrails import Guardrails

LIMIT = {"actions": 100, "window_s": 3_600}
BUDGET = {"period": "month", "tokens": 10_000, "enforcement": "refuse"}


def catalogue(**guardrails: Any) -> Catalogue:
    """A catalogue whose only plan has these guardrails."""
    content: dict[str, Any] = {
        "name": "shop",
        "version": "1",
        "title": "Shop",
        "token_value": "0.01",
        "currency": "USD",
        "low_balance": 10,
        "thresholds": [75],
        "grace_hours": 48,
        "activities": [{"name": "chat", "label": "Chat", "accepts": ["fixed"], "tokens": 3}],
        "plans": [
            {
                "name": "small",
                "title": "Small",
                "price": "0",
                "allowance": 100,
                "cycle": {"kind": "calendar_month", "zone": "UTC"},
                "guardrails": guardrails,
            }
        ],
    }
    return catalogue_from_toml(tomli_w.dumps(content), file="shop.toml")


def test_what_is_left_out_limits_nothing_but_debt() -> None:
    """Without a word, an account is blocked at zero and at nothing else."""
    stated = catalogue().plan("small").guardrails
    assert stated is not None
    assert Guardrails() == stated
    assert ("refuse", True, None, (), ()) == (
        stated.at_zero,
        stated.ai,
        stated.largest_action,
        stated.rate_limits,
        stated.budgets,
    )


def test_everything_may_be_said() -> None:
    """The forms of the documentation are read as they are meant."""
    stated = (
        catalogue(
            largest_action=500_000,
            split_advice="Break it up.",
            at_zero="warn",
            low_balance_percent=10,
            rate_limits=[LIMIT, {**LIMIT, "scope": "member"}],
            budgets=[BUDGET, {**BUDGET, "scope": "member", "subject": "maria", "period": "day"}],
        )
        .plan("small")
        .guardrails
    )
    assert stated is not None
    assert [("account", 100), ("member", 100)] == [(one.scope, one.actions) for one in stated.rate_limits]
    assert [("account", "", "month"), ("member", "maria", "day")] == [
        (one.scope, one.subject, one.period) for one in stated.budgets
    ]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two low marks": ({"low_balance": 1, "low_balance_percent": 1}, "low_balance_percent: give low_balance"),
    "no actions at all": ({"rate_limits": [{**LIMIT, "actions": 0}]}, r"rate_limits\[0\]\.actions"),
    "a window of nothing": ({"rate_limits": [{**LIMIT, "window_s": 0}]}, r"rate_limits\[0\]\.window_s"),
    "a limit by model": ({"rate_limits": [{**LIMIT, "scope": "model"}]}, r"rate_limits\[0\]\.scope"),
    "a limit twice": ({"rate_limits": [LIMIT, LIMIT]}, r"rate_limits\[1\]: rate limit of 3600 s"),
    "a negative budget": ({"budgets": [{**BUDGET, "tokens": -1}]}, r"budgets\[0\]\.tokens"),
    "half a token": ({"budgets": [{**BUDGET, "tokens": 0.5}]}, r"budgets\[0\]\.tokens"),
    "a budget by the week": ({"budgets": [{**BUDGET, "period": "week"}]}, r"budgets\[0\]\.period"),
    "a budget twice": ({"budgets": [BUDGET, BUDGET]}, r"budgets\[1\]: budget of account"),
    "an account's subject": (
        {"budgets": [{**BUDGET, "subject": "x"}]},
        r"budgets\[0\]\.subject: a budget of",
    ),
    "a shrug": ({"at_zero": "shrug"}, "at_zero"),
    "another key": ({"largest": 1}, "largest"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_where_it_stands(case: str) -> None:
    """The key is named."""
    guardrails, message = REFUSED[case]
    with pytest.raises(CatalogueError, match=rf"plans\[0\]\.guardrails\.{message}"):
        catalogue(**guardrails)
