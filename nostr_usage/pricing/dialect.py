"""Usage as vendors report it, translated into buckets that do not overlap: one function for each dialect.

Each takes the usage object alone, as parsed JSON (of a Python SDK: `response.usage.model_dump()`). Null is
not zero: what is null or missing is absent from the result. Where the vendor also gives a total, the parts
must add up to it, so that nothing is used without being charged; tokens that have no bucket here are refused
for the same reason.
"""

from __future__ import annotations

from enum import StrEnum

from nostr_usage.errors import UsageFormatError
from nostr_usage.pricing.reported import Counts, Reported, input_and_output, split
from nostr_usage.pricing.usage import Bucket, MeasuredUsage, measured_usage

_GOOGLE_INPUT = {"AUDIO": Bucket.AUDIO_IN, "IMAGE": Bucket.IMAGE_IN, "VIDEO": Bucket.VIDEO_IN}
_GOOGLE_OUTPUT = {"AUDIO": Bucket.AUDIO_OUT, "IMAGE": Bucket.IMAGE_OUT, "VIDEO": Bucket.VIDEO_OUT}


class Dialect(StrEnum):
    """The forms in which usage is reported."""

    OPENAI_CHAT = "openai-chat"
    OPENAI_RESPONSES = "openai-responses"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    VERCEL_AI = "vercel-ai"


def usage_from(
    dialect: Dialect, reported: object, *, model: str, provider: str | None = None
) -> MeasuredUsage:
    """Usage of `model` from what was reported in that dialect.

    Raises:
        UsageFormatError: malformed or contradictory counts, or units that have no bucket.
    """
    read = {
        Dialect.OPENAI_CHAT: usage_from_openai_chat,
        Dialect.OPENAI_RESPONSES: usage_from_openai_responses,
        Dialect.ANTHROPIC: usage_from_anthropic,
        Dialect.GOOGLE: usage_from_google,
        Dialect.VERCEL_AI: usage_from_vercel_ai,
    }
    return read[dialect](reported, model=model, provider=provider)


def usage_from_openai_chat(reported: object, *, model: str, provider: str | None = None) -> MeasuredUsage:
    """Usage from `usage` of a chat completion, OpenAI's or an imitator's (xAI, DeepSeek, OpenRouter …).

    Input includes cached, output includes reasoning; where an imitator leaves it out, the total shows that.

    Raises:
        UsageFormatError: as `usage_from`.
    """
    usage = Reported.of(reported)
    keys = ("prompt_tokens", "completion_tokens", "total_tokens")
    usage.refuse_others(*keys, "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    counts = _openai_counts(usage, keys=keys, details=("prompt_tokens_details", "completion_tokens_details"))
    return measured_usage(model, counts, provider=provider)


def usage_from_openai_responses(
    reported: object, *, model: str, provider: str | None = None
) -> MeasuredUsage:
    """Usage from `usage` of a response or of the images API: input includes cached, output reasoning.

    Raises:
        UsageFormatError: as `usage_from`.
    """
    usage = Reported.of(reported)
    keys = ("input_tokens", "output_tokens", "total_tokens")
    usage.refuse_others(*keys)
    counts = _openai_counts(usage, keys=keys, details=("input_tokens_details", "output_tokens_details"))
    return measured_usage(model, counts, provider=provider)


def usage_from_anthropic(reported: object, *, model: str, provider: str | None = None) -> MeasuredUsage:
    """Usage from `usage` of a message: input excludes what was read from the cache or written to it.

    Raises:
        UsageFormatError: as `usage_from`.
    """
    usage = Reported.of(reported)
    usage.refuse_others(
        "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"
    )
    input_units, output_units = input_and_output(
        usage, keys=("input_tokens", "output_tokens", "total_tokens"), reasoning=None
    )
    counts: Counts = {
        Bucket.FRESH_INPUT: input_units,
        Bucket.CACHE_READ: usage.units("cache_read_input_tokens"),
        **_anthropic_writes(usage),
        Bucket.OUTPUT: output_units,
        Bucket.WEB_SEARCHES: usage.part("server_tool_use").units("web_search_requests"),
    }
    return measured_usage(model, counts, provider=provider)


def usage_from_google(reported: object, *, model: str, provider: str | None = None) -> MeasuredUsage:
    """Usage from Gemini's `usageMetadata` (or `usage_metadata`, with keys in snake_case).

    The prompt includes cached, but not what tools add to it; candidates exclude thoughts.

    Raises:
        UsageFormatError: as `usage_from`.
    """
    usage = _in_camel_case(Reported.of(reported))
    names = ("prompt", "cachedContent", "candidates", "toolUsePrompt", "thoughts", "total")
    usage.refuse_others(*(f"{name}TokenCount" for name in names))
    prompt, cached, candidates, tools, thoughts, total = (usage.units(f"{name}TokenCount") for name in names)
    parts = (prompt, candidates, tools, thoughts)
    known = sum(units or 0 for units in parts)
    if prompt is None or (total is None and candidates is None) or total not in (None, known):
        raise UsageFormatError(
            f"usage.totalTokenCount is {total}, its parts add to {known}, and not all of them are there",
            advice="Pass usageMetadata of the last chunk, unchanged.",
        )
    counts = {
        **_google_input(usage, prompt=prompt, cached=cached, tools=tools),
        **_google_output(usage, candidates=candidates),
        Bucket.REASONING: thoughts,
    }
    return measured_usage(model, counts, provider=provider)


def usage_from_vercel_ai(
    reported: object, *, model: str, provider: str | None = None, is_sum: bool = True
) -> MeasuredUsage:
    """Usage from `totalUsage` of the AI SDK, which counts all steps; its `usage` counts the last one alone.

    Version 6 has details, and its input includes what was read from the cache or written to it. Version 5
    passes on whatever the vendor counts, which for Claude leaves cached tokens out: there it is refused.
    `is_sum` False: `reported` is the usage of one step.

    Raises:
        UsageFormatError: as `usage_from`.
    """
    usage = Reported.of(reported)
    keys = ("inputTokens", "outputTokens", "totalTokens")
    usage.refuse_others(*keys, "reasoningTokens", "cachedInputTokens")
    into, out = usage.part("inputTokenDetails"), usage.part("outputTokenDetails")
    into.refuse_others("noCacheTokens", "cacheReadTokens", "cacheWriteTokens")
    out.refuse_others("textTokens", "reasoningTokens")
    cached = usage.units("cachedInputTokens")
    if not into.fields and cached and "claude" in model.lower():
        raise UsageFormatError(
            f"version 5 of the AI SDK does not say all that was cached for {model!r}",
            advice="Use version 6, or pass the usage in each step's providerMetadata as anthropic.",
        )
    reasoning = _first(out.units("reasoningTokens"), usage.units("reasoningTokens"))
    input_units, output_units = input_and_output(usage, keys=keys, reasoning=reasoning)
    input_parts: Counts = {
        Bucket.CACHE_READ: _first(into.units("cacheReadTokens"), cached),
        Bucket.CACHE_WRITE: into.units("cacheWriteTokens"),
    }
    counts = {
        **split(input_units, input_parts, rest=Bucket.FRESH_INPUT, where="usage.inputTokens"),
        **split(output_units, {Bucket.REASONING: reasoning}, rest=Bucket.OUTPUT, where="usage.outputTokens"),
    }
    if into.units("noCacheTokens") not in (None, counts[Bucket.FRESH_INPUT]):
        raise UsageFormatError("usage.inputTokenDetails does not add up to inputTokens")
    return measured_usage(model, counts, provider=provider, is_sum=is_sum)


def _openai_counts(usage: Reported, *, keys: tuple[str, str, str], details: tuple[str, str]) -> Counts:
    into, out = usage.part(details[0]), usage.part(details[1])
    into.refuse_others(
        "cached_tokens", "cache_write_tokens", "text_tokens", "audio_tokens", "image_tokens", "video_tokens"
    )
    # Predicted tokens, accepted or rejected, are billed as the output that they are counted in.
    out.refuse_others(
        "reasoning_tokens",
        "text_tokens",
        "audio_tokens",
        "image_tokens",
        "accepted_prediction_tokens",
        "rejected_prediction_tokens",
    )
    reasoning = out.units("reasoning_tokens")
    input_units, output_units = input_and_output(usage, keys=keys, reasoning=reasoning)
    input_parts: Counts = {
        Bucket.CACHE_READ: _first(into.units("cached_tokens"), usage.units("prompt_cache_hit_tokens")),
        Bucket.CACHE_WRITE: into.units("cache_write_tokens"),
        Bucket.AUDIO_IN: into.units("audio_tokens"),
        Bucket.IMAGE_IN: into.units("image_tokens"),
        Bucket.VIDEO_IN: into.units("video_tokens"),
    }
    output_parts: Counts = {
        Bucket.REASONING: reasoning,
        Bucket.AUDIO_OUT: out.units("audio_tokens"),
        Bucket.IMAGE_OUT: out.units("image_tokens"),
    }
    return {
        **split(input_units, input_parts, rest=Bucket.FRESH_INPUT, where=f"usage.{keys[0]}"),
        **split(output_units, output_parts, rest=Bucket.OUTPUT, where=f"usage.{keys[1]}"),
    }


def _anthropic_writes(usage: Reported) -> Counts:
    """Tokens written to the cache, by how long they stay: five minutes, or an hour at a higher price."""
    lifetimes = usage.part("cache_creation")
    lifetimes.refuse_others("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    minutes, hour = (lifetimes.units(f"ephemeral_{lifetime}_input_tokens") for lifetime in ("5m", "1h"))
    total = usage.units("cache_creation_input_tokens")
    if minutes is None and hour is None:
        return {Bucket.CACHE_WRITE: total}
    if total not in (None, (minutes or 0) + (hour or 0)):
        raise UsageFormatError(
            f"usage.cache_creation does not add up to cache_creation_input_tokens, {total}"
        )
    return {Bucket.CACHE_WRITE: minutes, Bucket.CACHE_WRITE_1H: hour}


def _google_input(usage: Reported, *, prompt: int, cached: int | None, tools: int | None) -> Counts:
    in_prompt, in_cache = usage.by_modality("promptTokensDetails"), usage.by_modality("cacheTokensDetails")
    where = "usage.cachedContentTokenCount"
    from_cache = split(
        cached, {Bucket.AUDIO_CACHE_READ: in_cache.get("AUDIO")}, rest=Bucket.CACHE_READ, where=where
    )
    fresh: Counts = {
        bucket: in_prompt[modality] - in_cache.get(modality, 0)
        for modality, bucket in _GOOGLE_INPUT.items()
        if modality in in_prompt
    }
    where = "usage.promptTokenCount"
    counts = split(prompt, {**from_cache, **fresh}, rest=Bucket.FRESH_INPUT, where=where)
    return {**counts, Bucket.FRESH_INPUT: (counts[Bucket.FRESH_INPUT] or 0) + (tools or 0)}


def _google_output(usage: Reported, *, candidates: int | None) -> Counts:
    made = usage.by_modality("candidatesTokensDetails")
    parts: Counts = {
        bucket: made[modality] for modality, bucket in _GOOGLE_OUTPUT.items() if modality in made
    }
    return split(candidates, parts, rest=Bucket.OUTPUT, where="usage.candidatesTokenCount")


def _in_camel_case(usage: Reported) -> Reported:
    camel: dict[str, object] = {}
    for key, value in usage.fields.items():
        first, *others = str(key).split("_")
        camel[first + "".join(word.title() for word in others)] = value
    # The Live API says "response" where the others say "candidates".
    renamed = {key.replace("responseToken", "candidatesToken"): value for key, value in camel.items()}
    return Reported(where=usage.where, fields=renamed)


def _first(*counts: int | None) -> int | None:
    return next((units for units in counts if units is not None), None)
