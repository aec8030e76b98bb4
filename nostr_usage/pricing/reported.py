"""Reading a vendor's usage object: counts that are there, parts that add up, nothing that is overlooked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from nostr_usage.errors import UsageFormatError
from nostr_usage.pricing.usage import Bucket, checked_units

Counts = dict[Bucket, int | None]
"""Units by bucket; None is what was not reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One object of a usage report; `where` is its path, for errors."""

    where: str
    fields: Mapping[str, object]

    @classmethod
    def of(cls, value: object, *, where: str = "usage") -> Reported:
        """The report that `value` holds; null is an empty one.

        Raises:
            UsageFormatError: neither an object nor null.
        """
        if value is None:
            return cls(where=where, fields={})
        if not isinstance(value, Mapping):
            raise UsageFormatError(
                f"{where} is of type {type(value).__name__}, not an object",
                advice="Pass the vendor's usage object as a dict, such as response.usage.model_dump().",
            )
        return cls(where=where, fields=cast("Mapping[str, object]", value))

    def units(self, key: str) -> int | None:
        """The count under `key`; None if it is null or missing.

        Raises:
            UsageFormatError: not a whole number from 0 up.
        """
        value = self.fields.get(key)
        return None if value is None else checked_units(value, where=f"{self.where}.{key}")

    def part(self, key: str) -> Reported:
        """The object under `key`; an empty one if it is null or missing.

        Raises:
            UsageFormatError: something else.
        """
        return Reported.of(self.fields.get(key), where=f"{self.where}.{key}")

    def by_modality(self, key: str) -> dict[str, int]:
        """Gemini's list of `{modality, tokenCount}` under `key`, as a mapping.

        Raises:
            UsageFormatError: something else, or a modality that has no bucket.
        """
        value = self.fields.get(key)
        where = f"{self.where}.{key}"
        if value is None:
            return {}
        if not isinstance(value, list | tuple):
            raise UsageFormatError(f"{where} is of type {type(value).__name__}, not a list")
        counts: dict[str, int] = {}
        for item in cast("Sequence[object]", value):
            one = Reported.of(item, where=where)
            modality = str(getattr(one.fields.get("modality"), "value", one.fields.get("modality")))
            units = one.units("tokenCount" if "tokenCount" in one.fields else "token_count") or 0
            if units and modality not in _MODALITIES:
                raise UsageFormatError(
                    f"{where} counts {units} tokens of {modality[:40]!r}, which has no bucket"
                )
            counts[modality] = counts.get(modality, 0) + units
        return counts

    def refuse_others(self, *known: str) -> None:
        """Refuse tokens under any key that is not `known`: what is not read would not be charged.

        Raises:
            UsageFormatError: there are some.
        """
        for key, value in self.fields.items():
            if key not in known and "token" in str(key).lower() and isinstance(value, int | float) and value:
                raise UsageFormatError(
                    f"{self.where}: {str(key)[:60]!r} holds tokens that have no bucket here",
                    advice="Check that the usage is passed in its own dialect, or charge a stated amount.",
                )


_MODALITIES = frozenset({"TEXT", "DOCUMENT", "IMAGE", "VIDEO", "AUDIO"})


def split(total: int | None, parts: Counts, *, rest: Bucket, where: str) -> Counts:
    """`total`, which includes `parts`, as exclusive buckets: the parts, and the rest of it.

    Raises:
        UsageFormatError: the parts are more than the total, or one is negative.
    """
    left = (total or 0) - sum(units or 0 for units in parts.values())
    if left < 0 or any((units or 0) < 0 for units in parts.values()):
        names = ", ".join(bucket for bucket, units in parts.items() if units)
        raise UsageFormatError(
            f"{where} is {total}, and its parts ({names}) contradict that",
            advice="Check that the usage is passed in its own dialect.",
        )
    return {**parts, rest: None if total is None else left}


def input_and_output(
    report: Reported, *, keys: tuple[str, str, str], reasoning: int | None
) -> tuple[int | None, int | None]:
    """Input, and output with `reasoning` in it, checked against the total; `keys` name the three.

    Some vendors count reasoning in the output, others beside it: the total shows which.

    Raises:
        UsageFormatError: the total is not their sum; or without a total one of them is missing, so that
            nobody knows whether it is zero.
    """
    input_units, output_units, total = (report.units(key) for key in keys)
    known = (input_units or 0) + (output_units or 0)
    if total is None and (input_units is None or output_units is None):
        missing = keys[0] if input_units is None else keys[1]
        raise UsageFormatError(
            f"{report.where}.{missing} was not reported, which is not the same as zero",
            advice="Ask the vendor for usage (streams often need an option), or charge a stated amount.",
        )
    if total in (None, known):
        return input_units, output_units
    if total == known + (reasoning or 0):
        return input_units, (output_units or 0) + (reasoning or 0)
    raise UsageFormatError(
        f"{report.where}.{keys[2]} is {total}, but its parts add to {known}",
        advice="Check that the usage is passed in its own dialect, or charge a stated amount.",
    )
