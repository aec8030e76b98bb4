"""Vendors' usage objects become exclusive buckets; what contradicts itself is refused."""

from __future__ import annotations

from typing import Any

import pytest

from nostr_usage.errors import UsageFormatError
from nostr_usage.pricing.dialect import Dialect, usage_from, usage_from_vercel_ai
from nostr_usage.pricing.usage import Bucket

Json = dict[str, Any]

OPENAI_CHAT: Json = {
    "prompt_tokens": 2_000,
    "completion_tokens": 900,
    "total_tokens": 2_900,
    "prompt_tokens_details": {"cached_tokens": 1_024, "audio_tokens": 200},
    "completion_tokens_details": {
        "reasoning_tokens": 512,
        "audio_tokens": 100,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 8,
    },
}
XAI_CHAT: Json = {  # reasoning is beside the output, not in it; only the total shows that
    "prompt_tokens": 2_640,
    "completion_tokens": 182,
    "total_tokens": 3_494,
    "prompt_tokens_details": {
        "text_tokens": 2_640,
        "audio_tokens": 0,
        "image_tokens": 0,
        "cached_tokens": 473,
    },
    "completion_tokens_details": {"reasoning_tokens": 672, "audio_tokens": 0},
    "num_sources_used": 0,
}
DEEPSEEK_CHAT: Json = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_cache_hit_tokens": 64,
    "prompt_cache_miss_tokens": 36,
}
EMBEDDINGS: Json = {"prompt_tokens": 8, "total_tokens": 8}
OPENAI_RESPONSES: Json = {
    "input_tokens": 300,
    "input_tokens_details": {"cached_tokens": 128},
    "output_tokens": 90,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 390,
}
OPENAI_IMAGES: Json = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    "output_tokens": 1_056,
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 1_056},
    "total_tokens": 1_106,
}
ANTHROPIC: Json = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 5_485,
    "cache_read_input_tokens": 16_455,
    "cache_creation": {"ephemeral_5m_input_tokens": 5_000, "ephemeral_1h_input_tokens": 485},
    "output_tokens": 499,
    "server_tool_use": {"web_search_requests": 2},
    "service_tier": "standard",
}
GOOGLE: Json = {
    "promptTokenCount": 1_000,
    "cachedContentTokenCount": 300,
    "candidatesTokenCount": 80,
    "thoughtsTokenCount": 40,
    "toolUsePromptTokenCount": 25,
    "totalTokenCount": 1_145,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 500},
        {"modality": "AUDIO", "tokenCount": 400},
        {"modality": "IMAGE", "tokenCount": 100},
    ],
    "cacheTokensDetails": [
        {"modality": "TEXT", "tokenCount": 200},
        {"modality": "AUDIO", "tokenCount": 100},
    ],
    "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 80}],
    "trafficType": "ON_DEMAND",
}
GOOGLE_SNAKE_CASE: Json = {
    "prompt_token_count": 10,
    "cached_content_token_count": None,
    "response_token_count": 30,
    "total_token_count": 40,
    "prompt_tokens_details": [{"modality": "TEXT", "token_count": 10}],
    "response_tokens_details": [
        {"modality": "AUDIO", "token_count": 25},
        {"modality": "TEXT", "token_count": 5},
    ],
}
VERCEL_6: Json = {
    "inputTokens": 555,
    "inputTokenDetails": {"noCacheTokens": 139, "cacheReadTokens": 316, "cacheWriteTokens": 100},
    "outputTokens": 1_247,
    "outputTokenDetails": {"textTokens": 190, "reasoningTokens": 1_057},
    "totalTokens": 1_802,
    "reasoningTokens": 1_057,
    "cachedInputTokens": 316,
}
VERCEL_5: Json = {
    "inputTokens": 555,
    "outputTokens": 190,
    "totalTokens": 1_802,
    "reasoningTokens": 1_057,
    "cachedInputTokens": 316,
}

CASES: dict[str, tuple[Dialect, Json, dict[Bucket, int]]] = {
    "openai chat: cached and heard in the prompt, reasoning in the output": (
        Dialect.OPENAI_CHAT,
        OPENAI_CHAT,
        {
            Bucket.FRESH_INPUT: 776,
            Bucket.CACHE_READ: 1_024,
            Bucket.AUDIO_IN: 200,
            Bucket.OUTPUT: 288,
            Bucket.REASONING: 512,
            Bucket.AUDIO_OUT: 100,
        },
    ),
    "xai: reasoning beside the output": (
        Dialect.OPENAI_CHAT,
        XAI_CHAT,
        {
            Bucket.FRESH_INPUT: 2_167,
            Bucket.CACHE_READ: 473,
            Bucket.AUDIO_IN: 0,
            Bucket.IMAGE_IN: 0,
            Bucket.OUTPUT: 182,
            Bucket.REASONING: 672,
            Bucket.AUDIO_OUT: 0,
        },
    ),
    "deepseek: its own name for cached": (
        Dialect.OPENAI_CHAT,
        DEEPSEEK_CHAT,
        {Bucket.FRESH_INPUT: 36, Bucket.CACHE_READ: 64, Bucket.OUTPUT: 20},
    ),
    "embeddings: no output, and the total agrees": (
        Dialect.OPENAI_CHAT,
        EMBEDDINGS,
        {Bucket.FRESH_INPUT: 8},
    ),
    "no total, but both parts": (
        Dialect.OPENAI_CHAT,
        {"prompt_tokens": 8, "completion_tokens": 0},
        {Bucket.FRESH_INPUT: 8, Bucket.OUTPUT: 0},
    ),
    "openai responses": (
        Dialect.OPENAI_RESPONSES,
        OPENAI_RESPONSES,
        {Bucket.FRESH_INPUT: 172, Bucket.CACHE_READ: 128, Bucket.OUTPUT: 26, Bucket.REASONING: 64},
    ),
    "openai images": (
        Dialect.OPENAI_RESPONSES,
        OPENAI_IMAGES,
        {Bucket.FRESH_INPUT: 10, Bucket.IMAGE_IN: 40, Bucket.OUTPUT: 0, Bucket.IMAGE_OUT: 1_056},
    ),
    "anthropic: cached beside the input, an hour's cache apart": (
        Dialect.ANTHROPIC,
        ANTHROPIC,
        {
            Bucket.FRESH_INPUT: 12,
            Bucket.CACHE_READ: 16_455,
            Bucket.CACHE_WRITE: 5_000,
            Bucket.CACHE_WRITE_1H: 485,
            Bucket.OUTPUT: 499,
            Bucket.WEB_SEARCHES: 2,
        },
    ),
    "anthropic: written without lifetimes is five minutes": (
        Dialect.ANTHROPIC,
        {
            "input_tokens": 1,
            "output_tokens": 2,
            "cache_creation_input_tokens": 3,
            "cache_read_input_tokens": None,
        },
        {Bucket.FRESH_INPUT: 1, Bucket.CACHE_WRITE: 3, Bucket.OUTPUT: 2},
    ),
    "google: cached in the prompt, tools and thoughts beside": (
        Dialect.GOOGLE,
        GOOGLE,
        {
            Bucket.FRESH_INPUT: 325,
            Bucket.CACHE_READ: 200,
            Bucket.AUDIO_CACHE_READ: 100,
            Bucket.AUDIO_IN: 300,
            Bucket.IMAGE_IN: 100,
            Bucket.OUTPUT: 80,
            Bucket.REASONING: 40,
        },
    ),
    "google: snake case, live": (
        Dialect.GOOGLE,
        GOOGLE_SNAKE_CASE,
        {Bucket.FRESH_INPUT: 10, Bucket.OUTPUT: 5, Bucket.AUDIO_OUT: 25},
    ),
    "google: no candidates, and the total agrees": (
        Dialect.GOOGLE,
        {"promptTokenCount": 10, "totalTokenCount": 10},
        {Bucket.FRESH_INPUT: 10},
    ),
    "vercel ai 6": (
        Dialect.VERCEL_AI,
        VERCEL_6,
        {
            Bucket.FRESH_INPUT: 139,
            Bucket.CACHE_READ: 316,
            Bucket.CACHE_WRITE: 100,
            Bucket.OUTPUT: 190,
            Bucket.REASONING: 1_057,
        },
    ),
    "vercel ai 5: reasoning beside the output": (
        Dialect.VERCEL_AI,
        VERCEL_5,
        {
            Bucket.FRESH_INPUT: 239,
            Bucket.CACHE_READ: 316,
            Bucket.OUTPUT: 190,
            Bucket.REASONING: 1_057,
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_dialect_becomes_exclusive_buckets(case: str) -> None:
    """Every unit is in exactly one bucket; null and missing leave no trace."""
    dialect, reported, expected = CASES[case]
    usage = usage_from(dialect, reported, model="some-model", provider="someone")
    assert expected == dict(usage.counts)
    assert (usage.model, usage.provider) == ("some-model", "someone")


@pytest.mark.parametrize("case", CASES)
def test_buckets_add_up_to_the_vendors_total(case: str) -> None:
    """Where there is a total, no token is lost or counted twice."""
    dialect, reported, _ = CASES[case]
    total = next((value for key, value in reported.items() if key.lower().startswith("total")), None)
    usage = usage_from(dialect, reported, model="some-model")
    if total is not None:
        assert total == sum(units for _, units in usage.counts)


def test_the_total_usage_of_the_ai_sdk_is_a_sum_unless_it_is_said_to_be_one_step() -> None:
    """No single prompt's length is known from a sum."""
    assert usage_from(Dialect.VERCEL_AI, VERCEL_6, model="gpt-5").is_sum
    assert not usage_from_vercel_ai(VERCEL_6, model="gpt-5", is_sum=False).is_sum
    assert not usage_from(Dialect.OPENAI_CHAT, OPENAI_CHAT, model="gpt-5").is_sum


def test_the_ai_sdk_5_is_refused_for_claude_where_something_was_cached() -> None:
    """It counts cached tokens beside the input there, and not what was written; the control is cold."""
    cold = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, "cachedInputTokens": 0}
    warm = {**cold, "cachedInputTokens": 4}
    with pytest.raises(UsageFormatError, match="does not say all that was cached"):
        usage_from(Dialect.VERCEL_AI, warm, model="claude-sonnet-4-5")
    assert usage_from(Dialect.VERCEL_AI, cold, model="claude-sonnet-4-5").prompt_units == 10
    assert usage_from(Dialect.VERCEL_AI, warm, model="gpt-5").prompt_units == 10


def changed(reported: Json, **changes: object) -> Json:
    """The same report with some keys changed."""
    return {**reported, **changes}


REFUSED: dict[str, tuple[Dialect, object, str]] = {
    "not an object": (Dialect.OPENAI_CHAT, [1, 2], "usage is of type list"),
    "null": (Dialect.OPENAI_CHAT, None, r"prompt_tokens was not reported"),
    "empty": (Dialect.ANTHROPIC, {}, r"input_tokens was not reported"),
    "nothing of a total of nothing": (Dialect.OPENAI_CHAT, {"total_tokens": 0}, "reported no usage at all"),
    "output is missing": (Dialect.ANTHROPIC, {"input_tokens": 5}, r"output_tokens was not reported"),
    "negative": (Dialect.OPENAI_CHAT, changed(OPENAI_CHAT, prompt_tokens=-1), "a negative number"),
    "float": (Dialect.OPENAI_CHAT, changed(OPENAI_CHAT, prompt_tokens=2_000.0), "holds 2000.0"),
    "nan": (Dialect.VERCEL_AI, changed(VERCEL_6, inputTokens=float("nan")), "holds nan"),
    "bool": (Dialect.OPENAI_CHAT, changed(OPENAI_CHAT, completion_tokens=True), "holds True"),
    "details are no object": (
        Dialect.OPENAI_CHAT,
        changed(OPENAI_CHAT, prompt_tokens_details="seven"),
        r"prompt_tokens_details is of type str",
    ),
    "more cached than prompt": (
        Dialect.OPENAI_CHAT,
        changed(OPENAI_CHAT, prompt_tokens_details={"cached_tokens": 2_001}),
        r"prompt_tokens is 2000, and its parts \(cache_read\) contradict",
    ),
    "more reasoning than output": (
        Dialect.OPENAI_RESPONSES,
        changed(OPENAI_RESPONSES, output_tokens_details={"reasoning_tokens": 91}),
        r"output_tokens is 90, and its parts \(reasoning\) contradict",
    ),
    "hidden thoughts in the total": (
        Dialect.OPENAI_CHAT,
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 90},
        "total_tokens is 90, but its parts add to 15",
    ),
    "tokens without a bucket": (
        Dialect.OPENAI_CHAT,
        changed(OPENAI_CHAT, citation_tokens=3),
        "usage: 'citation_tokens' holds tokens that have no bucket",
    ),
    "a fraction of tokens without a bucket": (
        Dialect.OPENAI_CHAT,
        changed(OPENAI_CHAT, citation_tokens=0.5),
        "usage: 'citation_tokens' holds tokens that have no bucket",
    ),
    "another dialect": (
        Dialect.OPENAI_CHAT,
        OPENAI_RESPONSES,
        "usage: 'input_tokens' holds tokens that have no bucket",
    ),
    "lifetimes do not add up": (
        Dialect.ANTHROPIC,
        changed(ANTHROPIC, cache_creation_input_tokens=5_486),
        "does not add up to cache_creation_input_tokens, 5486",
    ),
    "google without a prompt": (Dialect.GOOGLE, {"candidatesTokenCount": 5}, "not all of them are there"),
    "google without an answer or a total": (
        Dialect.GOOGLE,
        {"promptTokenCount": 5},
        "not all of them are there",
    ),
    "google does not add up": (
        Dialect.GOOGLE,
        changed(GOOGLE, totalTokenCount=1_146),
        "is 1146, its parts add to 1145",
    ),
    "google: details are no list": (
        Dialect.GOOGLE,
        changed(GOOGLE, promptTokensDetails="AUDIO"),
        "promptTokensDetails is of type str, not a list",
    ),
    "google: a modality of the future": (
        Dialect.GOOGLE,
        changed(GOOGLE, promptTokensDetails=[{"modality": "SMELL", "tokenCount": 5}]),
        "counts 5 tokens of 'SMELL'",
    ),
    "google: more audio cached than heard": (
        Dialect.GOOGLE,
        changed(GOOGLE, promptTokensDetails=[{"modality": "AUDIO", "tokenCount": 99}]),
        r"promptTokenCount is 1000, and its parts .*audio_in.* contradict",
    ),
    "ai sdk: details do not add up": (
        Dialect.VERCEL_AI,
        changed(VERCEL_6, inputTokenDetails={"noCacheTokens": 1, "cacheReadTokens": 316}),
        "inputTokenDetails does not add up",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_malformed_or_contradicts_itself_is_refused(case: str) -> None:
    """Nothing is guessed, and nothing that was used goes unseen."""
    dialect, reported, message = REFUSED[case]
    with pytest.raises(UsageFormatError, match=message):
        usage_from(dialect, reported, model="some-model")


def test_a_modality_of_the_future_without_tokens_does_no_harm() -> None:
    """The control of the refusal: zero of it, and a list that has none of a modality."""
    reported = {
        "promptTokenCount": 5,
        "totalTokenCount": 5,
        "promptTokensDetails": [
            {"modality": "SMELL", "tokenCount": 0},
            {"modality": "TEXT", "tokenCount": 5},
        ],
    }
    assert dict(usage_from(Dialect.GOOGLE, reported, model="gemini-2.5-pro").counts) == {
        Bucket.FRESH_INPUT: 5
    }
