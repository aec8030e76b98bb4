"""Uses as tests write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from nostr_usage.insight.use import Use

ZONE = ZoneInfo("UTC")


def unix(text: str) -> int:
    """Unix seconds of `02-14` or `02-14 09:30` in 2026, UTC."""
    day, _, clock = text.partition(" ")
    return int(datetime.fromisoformat(f"2026-{day}T{clock or '00:00'}").replace(tzinfo=UTC).timestamp())


def use(when: str, tokens: int, **fields: object) -> Use:
    """A chat at $0.001 a token, unless `fields` say otherwise."""
    values: dict[str, object] = {"activity": "chat", "micro_dollars": tokens * 1_000, **fields}
    return Use(at=unix(when), tokens=tokens, **values)  # type: ignore[arg-type]  # as the test states them


def daily(first: str, *tokens: int) -> list[Use]:
    """One chat at noon on each day from `first` on; 0 is a day without one."""
    start = unix(first) + 12 * 3_600
    return [
        Use(at=start + 86_400 * day, activity="chat", tokens=each) for day, each in enumerate(tokens) if each
    ]
