"""Events, signers and strategies that several tests of the Nostr core use."""

from __future__ import annotations

from hypothesis import strategies as st

from nostr_usage.nostr.event import Event, UnsignedEvent, VerifiedEvent, sign_event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.signer import Signer

NOW = 1_760_000_000
RELAY = "wss://relay.example"


def signer(number: int = 1, *, refused_kinds: frozenset[int] = frozenset()) -> Signer:
    """A signer with a known key and, against all good practice, known entropy."""
    return Signer(SecretKey(bytes(31) + bytes([number])), entropy=bytes, refused_kinds=refused_kinds)


SIGNER = signer()


def signed(
    *,
    kind: int = 1,
    created_at: int = NOW,
    tags: tuple[tuple[str, ...], ...] = (),
    content: str = "",
    by: Signer = SIGNER,
) -> VerifiedEvent:
    """An event with a true signature."""
    unsigned = UnsignedEvent(pubkey=by.pubkey, created_at=created_at, kind=kind, tags=tags, content=content)
    return sign_event(unsigned, by)


def unsigned_text(text: str) -> UnsignedEvent:
    """An event to sign, with that content."""
    return UnsignedEvent(pubkey=SIGNER.pubkey, created_at=NOW, kind=1, content=text)


def ids_of(*events: Event) -> tuple[str, ...]:
    """The events' ids, in order."""
    return tuple(event.id for event in events)


# Few values, so that filters often match.
LETTERS = st.sampled_from("dept")
WORDS = st.sampled_from(("a", "b", "a" * 64, "b" * 64))
TIMES = st.integers(min_value=NOW, max_value=NOW + 4)
KINDS = st.sampled_from((0, 1, 30078))
PUBKEYS = st.sampled_from((signer(1).pubkey, signer(2).pubkey))

json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
"""Anything that JSON can write."""


def tag(name: str, rest: list[str]) -> tuple[str, ...]:
    """A tag of that name."""
    return (name, *rest)


tags = st.lists(st.builds(tag, LETTERS, st.lists(WORDS, max_size=2)), max_size=4).map(tuple)

# A tag's name and value in a filter; e and p hold keys and ids only.
_hex_words = st.sampled_from(("a" * 64, "b" * 64))
tag_conditions = st.dictionaries(LETTERS, st.lists(_hex_words, max_size=2).map(tuple), max_size=2).map(
    lambda conditions: tuple(conditions.items())
)


@st.composite
def events(draw: st.DrawFn) -> VerifiedEvent:
    """Signed events whose fields come from small sets."""
    by = signer(draw(st.sampled_from((1, 2))))
    return signed(kind=draw(KINDS), created_at=draw(TIMES), tags=draw(tags), content=draw(WORDS), by=by)


def filters(ids: st.SearchStrategy[str] = _hex_words) -> st.SearchStrategy[Filter]:
    """Filters over the same small sets; `ids` is where event ids are taken from."""

    def optional_list(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...] | None]:
        return st.none() | st.lists(values, max_size=2).map(tuple)

    return st.builds(
        Filter,
        ids=optional_list(ids),
        authors=optional_list(PUBKEYS),
        kinds=st.none() | st.lists(KINDS, max_size=2).map(tuple),
        tags=tag_conditions,
        since=st.none() | TIMES,
        until=st.none() | TIMES,
        limit=st.none() | st.integers(min_value=0, max_value=500),
    )
