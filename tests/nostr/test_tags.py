"""Reading tags."""

from __future__ import annotations

import pytest

from nostr_usage.nostr.tags import first_tag_value, tag_values

TAGS = (("d", "one", "x"), ("p", "a"), ("p",), ("p", "b", "wss://relay.example"), ("-",))


@pytest.mark.parametrize(("name", "value"), [("d", "one"), ("p", "a"), ("-", ""), ("e", None)])
def test_the_first_tag_of_a_name_counts(name: str, value: str | None) -> None:
    """The first value wins; a tag without one has "", and a missing tag None."""
    assert value == first_tag_value(TAGS, name)


@pytest.mark.parametrize(("name", "values"), [("p", ("a", "b")), ("-", ()), ("e", ())])
def test_all_values_of_a_name_are_given_in_order(name: str, values: tuple[str, ...]) -> None:
    """Tags without a value are passed over."""
    assert values == tag_values(TAGS, name)
