"""JSON from strangers and JSON for the wire: a byte cap first, then a parser that is strict.

orjson refuses NaN, infinities, lone surrogates, raw control characters, invalid UTF-8, a byte order mark and
nesting beyond 1,024 levels. Of two equal keys in an object it keeps the last, as most readers do; nothing
signed depends on it, because ids are computed from the values that were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import orjson

from nostr_usage.errors import NostrError

# The largest integer that readers which keep numbers as doubles still read exactly.
INTEGER_MAX = 2**53 - 1

_Error = TypeVar("_Error", bound=NostrError)


def parse_json(data: bytes | str, *, bytes_max: int, error: type[_Error], what: str) -> object:
    """The value that `data` writes as JSON; `what` names it in messages, such as `event`.

    Raises:
        error: if it is longer than `bytes_max` in UTF-8, or is not JSON.
    """
    if _is_longer(data, bytes_max):
        raise error(f"{what} larger than {bytes_max} bytes")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise error(f"{what} is not valid JSON") from None


def write_json(value: Mapping[str, object] | Sequence[object]) -> bytes:
    """`value` as compact JSON in UTF-8, byte for byte as NIP-01 serialises: tuples are arrays.

    Raises:
        TypeError: if a string holds a lone surrogate, or a value has no JSON form.
    """
    return orjson.dumps(value)


def _is_longer(data: bytes | str, bytes_max: int) -> bool:
    if len(data) > bytes_max:
        return True
    # A character has at most 4 bytes; only long texts that are not ASCII need to be encoded to be measured.
    if isinstance(data, bytes) or data.isascii() or 4 * len(data) <= bytes_max:
        return False
    return len(data.encode("utf-8", "surrogatepass")) > bytes_max
