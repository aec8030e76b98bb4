"""The default catalogue with something changed, for tests of what a catalogue can say."""

from __future__ import annotations

import tomllib
from typing import Any

import tomli_w

from nostr_usage.pricing.catalogue import Catalogue, built_in_text, catalogue_from_toml


def catalogue_with(*, top: dict[str, Any] | None = None, **guardrails: Any) -> Catalogue:
    """The default catalogue whose plans all have these guardrails; `top` replaces whole keys."""
    content = tomllib.loads(built_in_text("transparency"))
    for plan in content["plans"]:
        plan["guardrails"] = guardrails
    return catalogue_from_toml(tomli_w.dumps(content | (top or {})), file="changed.toml")
