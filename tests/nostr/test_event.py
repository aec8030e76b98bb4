"""Events: ids byte for byte, hostile input, and that only true signatures make a verified event."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import EventError
from nostr_usage.nostr.event import (
    CREATED_AT_MAX,
    EVENT_BYTES_MAX,
    KIND_MAX,
    TAGS_MAX,
    Event,
    UnsignedEvent,
    VerifiedEvent,
    event_from_json,
    event_from_object,
    event_to_json,
    event_to_object,
    serialize_event,
    sign_event,
    verify_event,
)
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.signer import Signer
from tests.nostr.samples import NOW, SIGNER, json_values, signed, signer, unsigned_text

VECTORS = Path(__file__).parents[1] / "vectors" / "nip01-valid-events.json"
COLLECTION: dict[str, Any] = json.loads(VECTORS.read_text("utf-8"))
EXAMPLES: list[dict[str, Any]] = [example["event"] for example in COLLECTION["valid_events"]]
SAMPLE = signed(kind=30078, tags=(("d", "slot"), ("p", "a" * 64, "wss://relay.example")), content="Größe ✓\n")

# Text that can be written as UTF-8.
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
# Text that this library signs.
plain_texts = st.text(
    st.characters(
        exclude_categories=("Cs",),
        exclude_characters="".join(map(chr, [*range(9), 11, 12, *range(14, 32), 127])),
    ),
    max_size=40,
)
tag_lists = st.lists(st.lists(plain_texts, min_size=1, max_size=3).map(tuple), max_size=4).map(tuple)
WRONG_FORMS: list[tuple[dict[str, object], str]] = [
    ({"pubkey": None}, "pubkey is not 64"),
    ({"pubkey": "A" * 64}, "pubkey is not 64"),
    ({"pubkey": "a" * 63}, "pubkey is not 64"),
    ({"pubkey": "a" * 64 + "\n"}, "pubkey is not 64"),
    ({"pubkey": "٠" * 64}, "pubkey is not 64"),
    ({"sig": "a" * 127}, "sig is not 128"),
    ({"sig": "g" * 128}, "sig is not 128"),
    ({"created_at": True}, "created_at is not"),
    ({"created_at": 1.0}, "created_at is not"),
    ({"created_at": "1"}, "created_at is not"),
    ({"created_at": -1}, "created_at is not"),
    ({"created_at": CREATED_AT_MAX + 1}, "created_at is not"),
    ({"kind": False}, "kind is not"),
    ({"kind": 1.0}, "kind is not"),
    ({"kind": KIND_MAX + 1}, "kind is not"),
    ({"tags": None}, "tags is not an array"),
    ({"tags": {"d": "slot"}}, "tags is not an array"),
    ({"tags": "d"}, "tags is not an array"),
    ({"tags": ["d"]}, "a tag is not"),
    ({"tags": [[]]}, "a tag is not"),
    ({"tags": [["d", 1]]}, "a tag is not"),
    ({"tags": [["d", None]]}, "a tag is not"),
    ({"tags": [["d"], {"a": "b"}]}, "a tag is not"),
    ({"tags": [["d", ["slot"]]]}, "a tag is not"),
    ({"tags": [["d"]] * (TAGS_MAX + 1)}, "more than 2000 tags"),
    ({"content": None}, "content is not a string"),
    ({"content": ["x"]}, "content is not a string"),
]


def object_with(**changes: object) -> dict[str, object]:
    """The sample as an object, changed, with the id and signature it had."""
    return event_to_object(SAMPLE) | changes


def rehashed(**changes: Any) -> dict[str, object]:
    """The sample as an object, changed, with the id that a careless serialiser gives the change."""
    fields = object_with(**changes)
    values = [0, *(fields[key] for key in ("pubkey", "created_at", "kind", "tags", "content"))]
    serialised = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return fields | {"id": sha256(serialised.encode("utf-8", "surrogatepass")).hexdigest()}


class TestIds:
    """The id is the SHA-256 of one exact serialisation."""

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"][:8])
    def test_the_examples_of_the_nips_hold(self, example: dict[str, Any]) -> None:
        """Each signed example that is right in the NIPs is verified here, and written back alike."""
        verified = verify_event(event_from_object(example))
        assert example == json.loads(event_to_json(verified))

    def test_there_are_examples(self) -> None:
        """Control: an empty file would let the test above pass."""
        assert 7 == len(EXAMPLES)

    @given(
        content=texts,
        tags=st.lists(st.lists(texts, min_size=1, max_size=3).map(tuple), max_size=4).map(tuple),
    )
    def test_ids_equal_those_of_the_standard_library(
        self, content: str, tags: tuple[tuple[str, ...], ...]
    ) -> None:
        """For every text the serialisation is what `json` writes without spaces and without escaping."""
        expected = json.dumps(
            [0, SIGNER.pubkey, NOW, 1, tags, content], ensure_ascii=False, separators=(",", ":")
        ).encode()
        assert expected == serialize_event(SIGNER.pubkey, NOW, 1, tags, content)
        unsigned = UnsignedEvent(pubkey=SIGNER.pubkey, created_at=NOW, kind=1, tags=tags, content=content)
        assert sha256(expected).hexdigest() == unsigned.id

    def test_only_the_characters_of_nip_01_are_escaped(self) -> None:
        """Line feed, quote, backslash, return, tab, backspace, form feed; DEL and slash stay raw."""
        assert (
            b'"\\n\\"\\\\\\r\\t\\b\\f/\x7f\xc3\xa9"]'
            == serialize_event("", 0, 0, (), '\n"\\\r\t\b\f/\x7fé')[-21:]
        )

    def test_a_lone_surrogate_has_no_id(self) -> None:
        """It cannot be written as UTF-8, so there is nothing to hash."""
        with pytest.raises(EventError, match="UTF-8"):
            _ = unsigned_text("\ud800").id


class TestReading:
    """From strangers' JSON to an `Event`, or to an `EventError`."""

    def test_an_event_is_read_as_it_was_written(self) -> None:
        """Object and JSON give the same event, which is not yet verified."""
        event = event_from_json(event_to_json(SAMPLE))
        assert type(event) is Event
        assert event == event_from_object(event_to_object(SAMPLE))
        assert event != SAMPLE
        assert SAMPLE == verify_event(event)

    def test_text_and_bytes_are_read_alike(self) -> None:
        """A frame of text and its bytes give the same event."""
        data = event_to_json(SAMPLE)
        assert event_from_json(data) == event_from_json(data.decode())

    def test_keys_are_written_in_the_order_of_the_nip(self) -> None:
        """So that equal events have equal bytes in every store and export."""
        expected = ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"]
        assert expected == list(json.loads(event_to_json(SAMPLE)))

    @given(
        kind=st.integers(0, KIND_MAX),
        created_at=st.integers(0, CREATED_AT_MAX),
        tags=tag_lists,
        content=plain_texts,
    )
    def test_every_event_survives_the_round_trip(
        self, kind: int, created_at: int, tags: tuple[tuple[str, ...], ...], content: str
    ) -> None:
        """Sign, write, read and verify gives the event back."""
        event = signed(kind=kind, created_at=created_at, tags=tags, content=content)
        assert event == verify_event(event_from_json(event_to_json(event)))
        assert event == verify_event(event_from_object(event_to_object(event)))

    def test_unknown_keys_are_ignored(self) -> None:
        """They are not signed, and not written back."""
        event = event_from_object(object_with(seen_on=["wss://relay.example"]))
        assert "seen_on" not in event_to_object(event)

    def test_of_two_equal_keys_the_last_counts(self) -> None:
        """The id is that of the value that is kept, so nobody can show two readers two signed events."""
        data = event_to_json(SAMPLE)
        assert SAMPLE.content == event_from_json(b'{"content":"first",' + data[1:]).content
        with pytest.raises(EventError, match="bad event id"):
            event_from_json(data[:-1] + b',"content":"last"}')

    @pytest.mark.parametrize(("changes", "message"), WRONG_FORMS)
    def test_a_field_of_the_wrong_form_is_refused(self, changes: dict[str, object], message: str) -> None:
        """Even if the id is the hash of the wrong form: JSON's `1.0` and `true` are no integers."""
        with pytest.raises(EventError, match=message):
            event_from_object(rehashed(**changes))

    @pytest.mark.parametrize("key", ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"])
    def test_a_missing_field_is_refused(self, key: str) -> None:
        """All seven are needed."""
        fields = object_with()
        del fields[key]
        with pytest.raises(EventError):
            event_from_object(fields)

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": "0" * 64},
            {"id": SAMPLE.id.upper()},
            {"id": None},
            {"id": 5},
            {"content": "changed"},
            {"kind": 1},
            {"created_at": NOW + 1},
            {"tags": []},
            {"pubkey": signer(2).pubkey},
        ],
    )
    def test_an_id_that_is_not_the_hash_is_refused(self, changes: dict[str, object]) -> None:
        """Whatever part of the event was changed."""
        with pytest.raises(EventError, match="bad event id"):
            event_from_object(object_with(**changes))

    def test_a_lone_surrogate_is_refused(self) -> None:
        """An object from Python can hold one; JSON text cannot."""
        with pytest.raises(EventError, match="UTF-8"):
            event_from_object(rehashed(content="\ud800"))

    def test_the_largest_numbers_are_read(self) -> None:
        """The limits themselves are allowed."""
        event = signed(kind=KIND_MAX, created_at=CREATED_AT_MAX, tags=(("d",),) * TAGS_MAX)
        assert event == verify_event(event_from_json(event_to_json(event)))

    def test_a_text_over_the_byte_limit_is_refused(self) -> None:
        """Before it is parsed; the limit itself is allowed, and counts bytes also in a `str`."""
        event = signed(content="é" * 100)
        data = event_to_json(event)
        for form in (data, data.decode()):
            assert event == verify_event(event_from_json(form, bytes_max=len(data)))
            with pytest.raises(EventError, match=f"larger than {len(data) - 1} bytes"):
                event_from_json(form, bytes_max=len(data) - 1)

    def test_the_default_limit_is_that_of_relays(self) -> None:
        """64 KiB of event, as strfry stores by default."""
        with pytest.raises(EventError, match="larger than 65536 bytes"):
            event_from_json(b" " * EVENT_BYTES_MAX + b"1")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "nul",
            '{"kind":NaN}',
            '{"kind":Infinity}',
            '{"kind":1e999}',
            "[" * 60_000,
            '{"tags":' + "[" * 30_000 + "]" * 30_000 + "}",
            '{"content":"\\ud800"}',
            '{"content":"\u0001"}',
            "\ufeff{}",
            '"\ud800"',
        ],
    )
    def test_what_is_not_json_is_refused(self, text: str) -> None:
        """Also what lenient parsers accept: NaN, huge numbers, endless nesting, lone surrogates."""
        with pytest.raises(EventError, match="not valid JSON"):
            event_from_json(text)

    def test_bytes_that_are_not_utf_8_are_refused(self) -> None:
        """An event is text."""
        with pytest.raises(EventError, match="not valid JSON"):
            event_from_json(b'{"content":"\xff"}')

    @pytest.mark.parametrize("text", ["1", "null", "[]", '"event"', "true"])
    def test_json_that_is_no_object_is_refused(self, text: str) -> None:
        """An event is an object."""
        with pytest.raises(EventError, match="event is not an object"):
            event_from_json(text)

    @given(data=st.binary(max_size=200) | st.text(max_size=200))
    def test_no_input_gives_any_other_error(self, data: bytes | str) -> None:
        """Chance bytes and texts are refused with the one error that callers expect."""
        with pytest.raises(EventError):
            event_from_json(data)

    @given(value=json_values)
    def test_no_json_value_gives_any_other_error(self, value: object) -> None:
        """Nor does any value that JSON can write."""
        with pytest.raises(EventError):
            event_from_object(value)

    @given(
        key=st.sampled_from(("id", "pubkey", "created_at", "kind", "tags", "content", "sig")),
        value=json_values | st.lists(st.lists(json_values, max_size=2), max_size=2),
    )
    def test_no_field_gives_any_other_error(self, key: str, value: object) -> None:
        """A good event with one field replaced is that event, or is refused."""
        fields = object_with(**{key: value})
        try:
            event = event_from_object(fields)
        except EventError:
            assert fields != event_to_object(SAMPLE)
        else:
            assert SAMPLE.id == event.id


class TestVerifying:
    """Only a true signature makes a `VerifiedEvent`."""

    @pytest.mark.parametrize("sig", ["0" * 128, signed(content="another").sig, SAMPLE.sig[:-1] + "0"])
    def test_a_false_signature_is_refused(self, sig: str) -> None:
        """A right id with a signature that is not the author's proves nothing."""
        assert sig != SAMPLE.sig
        event = event_from_object(object_with(sig=sig))
        with pytest.raises(EventError, match="bad signature"):
            verify_event(event)

    def test_a_key_that_is_no_point_is_refused(self) -> None:
        """Half of all 32-byte strings are no public key: a failed check, not a crash."""
        event = event_from_object(rehashed(pubkey="f" * 64))
        with pytest.raises(EventError, match="bad signature"):
            verify_event(event)


class TestSigning:
    """What is signed is what every relay would hash alike."""

    def test_a_signed_event_is_verified(self) -> None:
        """The result is a `VerifiedEvent` with the id that was announced, and its signature holds."""
        unsigned = unsigned_text("hello")
        event = sign_event(unsigned, SIGNER)
        assert type(event) is VerifiedEvent
        assert unsigned.id == event.id
        assert event == verify_event(event_from_json(event_to_json(event)))

    def test_fresh_chance_gives_another_signature_of_the_same_id(self) -> None:
        """The entropy goes into the signature, never into the id."""
        secret = SecretKey(bytes(31) + b"\1")
        other = Signer(secret, entropy=lambda size: b"\7" * size)
        first, second = sign_event(unsigned_text("x"), SIGNER), sign_event(unsigned_text("x"), other)
        assert first.id == second.id
        assert first.sig != second.sig

    @pytest.mark.parametrize("kind", [5, 62])
    def test_deletion_and_vanishing_are_never_signed(self, kind: int) -> None:
        """The two kinds that would end a ledger are refused unless somebody asks for them by name."""
        unsigned = UnsignedEvent(pubkey=SIGNER.pubkey, created_at=NOW, kind=kind)
        careful = Signer(SecretKey(bytes(31) + b"\1"), entropy=bytes)
        with pytest.raises(EventError, match=f"never signs kind {kind}"):
            sign_event(unsigned, careful)
        assert kind == sign_event(unsigned, signer(refused_kinds=frozenset())).kind

    def test_a_signer_signs_only_in_its_own_name(self) -> None:
        """An event that names another author is refused."""
        with pytest.raises(EventError, match="but the signer is"):
            sign_event(unsigned_text("x"), signer(2))

    @pytest.mark.parametrize("code_point", [0, 8, 11, 12, 14, 31, 127, 0xD800, 0xDFFF])
    def test_characters_that_relays_hash_differently_are_not_signed(self, code_point: int) -> None:
        """In content and in tags."""
        text = f"before{chr(code_point)}after"
        tagged = UnsignedEvent(pubkey=SIGNER.pubkey, created_at=NOW, kind=1, tags=(("a", "b"), ("t", text)))
        for unsigned in (unsigned_text(text), tagged):
            with pytest.raises(EventError, match="control character"):
                sign_event(unsigned, SIGNER)

    @pytest.mark.parametrize("character", ["\t", "\n", "\r", " ", "\x80", "\u2028", "\ufffd", "𝄞"])
    def test_other_characters_are_signed(self, character: str) -> None:
        """Control: the usual white space, and all that JSON libraries write alike."""
        assert character == sign_event(unsigned_text(character), SIGNER).content

    @pytest.mark.parametrize(
        ("kind", "created_at", "tags"),
        [
            (KIND_MAX + 1, NOW, ()),
            (-1, NOW, ()),
            (True, NOW, ()),
            (1, -1, ()),
            (1, CREATED_AT_MAX + 1, ()),
            (1, NOW, ((),)),
            (1, NOW, (("d",),) * (TAGS_MAX + 1)),
        ],
    )
    def test_what_could_not_be_read_back_is_not_signed(
        self, kind: int, created_at: int, tags: tuple[tuple[str, ...], ...]
    ) -> None:
        """Fields out of range are refused before they are signed."""
        unsigned = UnsignedEvent(pubkey=SIGNER.pubkey, created_at=created_at, kind=kind, tags=tags)
        with pytest.raises(EventError):
            sign_event(unsigned, SIGNER)


def test_a_signer_shows_its_public_key_only() -> None:
    """Logs may hold a signer."""
    assert f"Signer(pubkey='{SIGNER.pubkey}')" == repr(SIGNER)
