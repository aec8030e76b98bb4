"""The kinds of value that a catalogue's keys take, as pydantic field types."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from nostr_usage.amount import AMOUNT_MAX

_DOLLARS = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,9}))?", re.ASCII)
_SLUG = r"^[a-z][a-z0-9_-]*$"


def _nano_dollars(value: object) -> int:
    match = _DOLLARS.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError('write dollars in quotes, with at most nine decimals, such as "0.0015"')
    whole, decimals = match.groups(default="")
    return int(whole) * 1_000_000_000 + int(decimals.ljust(9, "0"))


def _micro_dollars(value: object) -> int:
    micro, rest = divmod(_nano_dollars(value), 1_000)
    if rest:
        raise ValueError("at most six decimals of a dollar")
    return micro


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        raise ValueError("no such time zone; write an IANA name such as Europe/Prague or UTC") from None
    return value


Slug = Annotated[str, StringConstraints(pattern=_SLUG, max_length=32)]
# Shorter where several names are joined in a price id, which must fit in a tag.
CatalogueName = Annotated[str, StringConstraints(pattern=_SLUG, max_length=24)]
CatalogueVersion = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$", max_length=10)]
AddOnName = Annotated[str, StringConstraints(pattern=_SLUG, max_length=20)]
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=80)]
OptionalLabel = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=80)]
Tokens = Annotated[int, Field(ge=0, le=AMOUNT_MAX)]
PositiveTokens = Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
NanoDollars = Annotated[
    int,
    BeforeValidator(_nano_dollars),
    WithJsonSchema({"type": "string", "pattern": f"^{_DOLLARS.pattern}$"}),
]
MicroDollars = Annotated[
    int,
    BeforeValidator(_micro_dollars),
    WithJsonSchema({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$"}),
]
Percent = Annotated[int, Field(ge=1, le=100)]
Zone = Annotated[str, AfterValidator(_zone)]
