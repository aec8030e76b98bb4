"""Filters: strict reading, and matching against a naive oracle."""

from __future__ import annotations

import json

import pytest
from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import FilterError
from nostr_usage.nostr.event import Event, event_to_object
from nostr_usage.nostr.filter import (
    FILTER_VALUES_MAX,
    Filter,
    filter_from_object,
    filter_to_object,
    matches,
)
from nostr_usage.nostr.json_text import INTEGER_MAX
from tests.nostr.samples import NOW, SIGNER, events, filters, json_values, signed, signer

ID = "a" * 64
SAMPLE = signed(
    kind=30078,
    tags=(("d", "slot", "extra"), ("p", ID), ("p", "b" * 64), ("t",), ("topic", "x")),
)


def values_of(event: Event, key: str) -> set[object]:
    """What a list in a filter is compared with."""
    if key.startswith("#"):
        return {tag[1] for tag in event.tags if tag[0] == key[1:] and len(tag) > 1}
    return {event_to_object(event)[{"ids": "id", "authors": "pubkey", "kinds": "kind"}[key]]}


def oracle(wanted: Filter, event: Event) -> bool:
    """NIP-01's words on the JSON of the filter, without any thought of speed."""
    conditions = filter_to_object(wanted)
    since, until = conditions.pop("since", 0), conditions.pop("until", INTEGER_MAX)
    conditions.pop("limit", None)
    assert isinstance(since, int)
    assert isinstance(until, int)
    listed: dict[str, list[object]] = json.loads(json.dumps(conditions))
    in_time = event.created_at in range(since, until + 1)
    return in_time and all(set(values) & values_of(event, key) for key, values in listed.items())


class TestMatching:
    """Whether an event meets a filter."""

    @given(data=st.data(), sample=events())
    def test_matching_is_what_the_nip_says(self, data: st.DataObject, sample: Event) -> None:
        """The fast answer is the oracle's, for every combination of conditions."""
        wanted = data.draw(filters(ids=st.sampled_from((sample.id, ID))))
        expected = oracle(wanted, sample)
        note(f"matches: {expected}")
        assert expected is matches(wanted, sample)

    @pytest.mark.parametrize(
        "wanted",
        [
            Filter(),
            Filter(limit=0),
            Filter(ids=(ID, SAMPLE.id)),
            Filter(authors=(SIGNER.pubkey,)),
            Filter(kinds=(1, 30078)),
            Filter(tags=(("d", ("slot",)),)),
            Filter(tags=(("p", ("b" * 64,)),)),
            Filter(tags=(("d", ("other", "slot")), ("p", (ID,)))),
            Filter(since=NOW, until=NOW),
        ],
    )
    def test_an_event_meets_conditions_that_hold(self, wanted: Filter) -> None:
        """Lists are ORed, conditions ANDed, times inclusive, and a limit is no condition."""
        assert matches(wanted, SAMPLE)

    @pytest.mark.parametrize(
        "wanted",
        [
            Filter(ids=()),
            Filter(ids=(ID,)),
            Filter(authors=(signer(2).pubkey,)),
            Filter(authors=()),
            Filter(kinds=(1,)),
            Filter(kinds=()),
            Filter(since=NOW + 1),
            Filter(until=NOW - 1),
            Filter(tags=(("d", ()),)),
            Filter(tags=(("d", ("extra",)),)),
            Filter(tags=(("d", ("slot",)), ("p", ("c" * 64,)))),
            Filter(tags=(("t", ("",)),)),
            Filter(tags=(("e", (ID,)),)),
            Filter(ids=(SAMPLE.id,), kinds=(1,)),
        ],
    )
    def test_one_condition_that_fails_is_enough(self, wanted: Filter) -> None:
        """An empty list matches nothing, and only the first value of a tag counts."""
        assert not matches(wanted, SAMPLE)


class TestReading:
    """From strangers' JSON to a `Filter`, or to a `FilterError`."""

    @given(wanted=filters())
    def test_every_filter_survives_the_round_trip(self, wanted: Filter) -> None:
        """Written as JSON and read again it is the same, key order included."""
        assert wanted == filter_from_object(json.loads(json.dumps(filter_to_object(wanted))))

    def test_only_conditions_are_written(self) -> None:
        """None is left out, an empty list is not."""
        expected = {"ids": (), "#d": ("x",), "limit": 0}
        assert expected == filter_to_object(Filter(ids=(), tags=(("d", ("x",)),), limit=0))

    def test_tag_letters_are_of_both_cases(self) -> None:
        """NIP-01 indexes a–z and A–Z."""
        assert (("K", ("1",)), ("k", ("2",))) == filter_from_object({"#K": ["1"], "#k": ["2"]}).tags

    @pytest.mark.parametrize("key", ["search", "#amount", "#", "#1", "#é", "d", "IDS", "#d\n", ""])
    def test_an_unknown_key_is_refused(self, key: str) -> None:
        """To ignore it would send more than was asked for."""
        with pytest.raises(FilterError, match="unsupported filter key"):
            filter_from_object({"kinds": [1], key: ["x"]})

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("ids", ID, "ids is not an array"),
            ("ids", None, "ids is not an array"),
            ("ids", [ID[:-1]], "64 hex digits"),
            ("ids", [ID.upper()], "64 hex digits"),
            ("ids", [7], "64 hex digits"),
            ("authors", ["npub1"], "64 hex digits"),
            ("#e", ["slot"], "#e holds something other than 64 hex digits"),
            ("#p", ["alice"], "#p holds something other than 64 hex digits"),
            ("#d", [1], "#d holds something other than strings"),
            ("#d", [None], "#d holds something other than strings"),
            ("#d", {"a": 1}, "#d is not an array"),
            ("kinds", [True], "kinds holds something other"),
            ("kinds", [1.0], "kinds holds something other"),
            ("kinds", [-1], "kinds holds something other"),
            ("kinds", [65_536], "kinds holds something other"),
            ("kinds", 1, "kinds is not an array"),
            ("kinds", [1] * (FILTER_VALUES_MAX + 1), "kinds has more than 2000 values"),
            ("since", None, "since is not an integer"),
            ("since", "1", "since is not an integer"),
            ("until", 1.5, "until is not an integer"),
            ("until", -1, "until is not an integer"),
            ("limit", True, "limit is not an integer"),
            ("limit", INTEGER_MAX + 1, "limit is not an integer"),
        ],
    )
    def test_a_value_of_the_wrong_form_is_refused(self, key: str, value: object, message: str) -> None:
        """Each condition has one form; null is not a missing key."""
        with pytest.raises(FilterError, match=message):
            filter_from_object({key: value})

    @pytest.mark.parametrize("value", [None, [], "{}", 1])
    def test_what_is_no_object_is_refused(self, value: object) -> None:
        """A filter is an object."""
        with pytest.raises(FilterError, match="filter is not an object"):
            filter_from_object(value)

    @given(
        value=json_values
        | st.dictionaries(st.sampled_from(("ids", "kinds", "#d", "#e", "since", "limit")), json_values)
    )
    def test_no_json_value_gives_any_other_error(self, value: object) -> None:
        """Whatever JSON can write is a filter that is written back alike, or refused."""
        try:
            wanted = filter_from_object(value)
        except FilterError:
            return
        assert value == json.loads(json.dumps(filter_to_object(wanted)))
