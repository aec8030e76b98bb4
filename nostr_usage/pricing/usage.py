"""Measured usage: what a model reported for one request, in buckets that do not overlap.

Vendors disagree about what a count includes: OpenAI's input includes what came from the cache, Anthropic's
does not. Here every unit is in exactly one bucket, so totals are sums. `dialect` translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.amount import AMOUNT_MAX
from nostr_usage.errors import UsageFormatError

MODEL_NAME_MAX = 100


class Bucket(StrEnum):
    """A unit that is billed by itself: prompt and completion tokens, unless it says otherwise."""

    FRESH_INPUT = "fresh_input"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_1H = "cache_write_1h"
    OUTPUT = "output"
    REASONING = "reasoning"
    AUDIO_IN = "audio_in"
    AUDIO_CACHE_READ = "audio_cache_read"
    AUDIO_OUT = "audio_out"
    IMAGE_IN = "image_in"
    IMAGE_OUT = "image_out"
    VIDEO_IN = "video_in"
    VIDEO_OUT = "video_out"
    IMAGES = "images"
    """Pictures made, counted one by one."""
    SECONDS = "seconds"
    """Seconds of speech."""
    CHARACTERS = "characters"
    """Characters read aloud."""
    WEB_SEARCHES = "web_searches"


INPUT_BUCKETS = frozenset(
    {
        Bucket.FRESH_INPUT,
        Bucket.CACHE_READ,
        Bucket.CACHE_WRITE,
        Bucket.CACHE_WRITE_1H,
        Bucket.AUDIO_IN,
        Bucket.AUDIO_CACHE_READ,
        Bucket.IMAGE_IN,
        Bucket.VIDEO_IN,
    }
)
"""What counts as the length of a prompt, where a price depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredUsage:
    """What one model reported; made by `measured_usage` or by a dialect.

    Attributes:
        model: the model's name as the vendor writes it, printable ASCII.
        provider: who ran the model, if that is known; else the price book decides by the name.
        counts: sorted by bucket. A bucket that was not reported is absent; a reported zero is there.
        is_sum: the counts are of several requests together, so no single prompt's length is known.
    """

    model: str
    provider: str | None = None
    counts: tuple[tuple[Bucket, int], ...]
    is_sum: bool = False

    def units(self, bucket: Bucket) -> int | None:
        """What was reported for `bucket`; None if nothing was."""
        return dict(self.counts).get(bucket)

    @property
    def prompt_units(self) -> int:
        """The length of the prompt in tokens, cached parts included."""
        return sum(units for bucket, units in self.counts if bucket in INPUT_BUCKETS)

    @property
    def billable(self) -> tuple[tuple[Bucket, int], ...]:
        """The buckets with at least one unit."""
        return tuple((bucket, units) for bucket, units in self.counts if units)


def measured_usage(
    model: str, counts: Mapping[Bucket, int | None], *, provider: str | None = None, is_sum: bool = False
) -> MeasuredUsage:
    """Usage from counts that are already exclusive, such as images made or seconds heard; None is absent.

    Raises:
        UsageFormatError: for a name that cannot go on the wire, for counts that are not whole numbers from
            0 to `AMOUNT_MAX`, and where nothing was reported at all.
    """
    for sort, name in (("model", model), ("provider", provider)):
        if name is not None and not _is_wire_name(name):
            raise UsageFormatError(
                f"{sort} {name[:40]!r} is not 1–{MODEL_NAME_MAX} printable ASCII characters",
                advice=f"Pass the {sort}'s name as the vendor writes it.",
            )
    reported = {
        bucket: checked_units(units, where=bucket) for bucket, units in counts.items() if units is not None
    }
    if not reported:
        raise UsageFormatError(
            f"model {model!r} reported no usage at all, which is not the same as zero",
            advice="Ask the vendor for usage (streams often need an option), or charge a stated amount.",
        )
    return MeasuredUsage(
        model=model, provider=provider, counts=tuple(sorted(reported.items())), is_sum=is_sum
    )


def checked_units(value: object, *, where: str) -> int:
    """`value` itself, if it is an `int` from 0 to `AMOUNT_MAX`.

    Raises:
        UsageFormatError: for booleans, floats (NaN too), strings, negative or larger numbers.
    """
    if type(value) is not int or not 0 <= value <= AMOUNT_MAX:
        raise UsageFormatError(
            f"usage field {where} holds {_shown(value)}, not a whole number from 0 to {AMOUNT_MAX:,}",
            advice="Pass the vendor's usage object unchanged; leave out what was not reported.",
        )
    return value


def _shown(value: object) -> str:
    # An integer may have more digits than Python agrees to print.
    if type(value) is int:
        return "a negative number" if value < 0 else "a larger number"
    return f"{value!r:.40}"


def _is_wire_name(name: str) -> bool:
    return 1 <= len(name) <= MODEL_NAME_MAX and name.isascii() and name.isprintable()
