"""Hostile usage reports: whatever arrives, it becomes usage or one kind of error."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import UsageFormatError
from nostr_usage.pricing.dialect import Dialect, usage_from

KEYS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "input_tokens",
    "input_tokens_details",
    "output_tokens",
    "output_tokens_details",
    "cache_creation",
    "cache_creation_input_tokens",
    "promptTokenCount",
    "prompt_token_count",
    "promptTokensDetails",
    "candidatesTokenCount",
    "inputTokens",
    "inputTokenDetails",
    "outputTokens",
    "totalTokens",
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*KEYS, "modality", "tokenCount", "cached_tokens"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(
    dialect=st.sampled_from(Dialect),
    reported=JSON_VALUES | st.dictionaries(st.sampled_from(KEYS), JSON_VALUES, max_size=6),
)
def test_whatever_is_reported_becomes_usage_or_one_kind_of_error(dialect: Dialect, reported: object) -> None:
    """Hostile reports raise nothing but UsageFormatError, and no bucket ever holds a negative count."""
    try:
        usage = usage_from(dialect, reported, model="some-model")
    except UsageFormatError:
        return
    assert all(units >= 0 for _, units in usage.counts)
