"""Relay URLs in one spelling, so that a relay is counted once however its URL was typed."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from nostr_usage.errors import RelayUrlError

URL_CHARS_MAX = 500

_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)
_IPV6 = re.compile(r"[0-9a-f:.]+", re.ASCII)
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)


def normalise_relay_url(text: str) -> str:
    """The one spelling of a relay URL: `WSS://Relay.Example:443` is `wss://relay.example/`.

    Paths and queries are kept as they are: another path is another relay (NIP-01, "Communication").

    Raises:
        RelayUrlError: if `text` is no ws:// or wss:// URL, or names a user, a fragment or an impossible host.
    """
    text = text.strip()
    if len(text) > URL_CHARS_MAX or not _PRINTABLE.fullmatch(text):
        raise RelayUrlError(
            f"a relay URL has 1 to {URL_CHARS_MAX} printable ASCII characters",
            advice="Write a host name with other letters in its ASCII form (xn--…).",
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise RelayUrlError(f"not a relay URL: {error}") from None
    _check_parts(parts, text)
    host = _host(parts.hostname or "")
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))


def host_and_port(url: str) -> tuple[str, int]:
    """Where to connect for a normalised URL; an IPv6 address comes without its brackets."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]


def is_local_address(address: str) -> bool:
    """Whether an IP address leads anywhere but to a public host: loopback, private, link-local, multicast."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return parsed.is_multicast or not parsed.is_global


def is_plainly_local(url: str) -> bool:
    """Whether a URL says by itself, without a look-up, that it leads to this machine or its network."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return is_local_address(host)
    except ValueError:
        return False


def _check_parts(parts: SplitResult, text: str) -> None:
    if "@" in parts.netloc:
        # Not shown: what stands before the @ may be a password.
        raise RelayUrlError("a relay URL holds no user name and no password")
    if parts.scheme not in _DEFAULT_PORTS:
        raise RelayUrlError(
            f"not a relay URL: {text[:80]!r}", advice="It begins with wss://, or with ws:// on this machine."
        )
    if "#" in text or parts.port == 0:
        raise RelayUrlError(f"a relay URL has no fragment and no port 0: {text[:80]!r}")


def _host(name: str) -> str:
    name = name.removesuffix(".")
    if _IPV6.fullmatch(name) and ":" in name:
        try:
            return f"[{ipaddress.IPv6Address(name)}]"
        except ValueError as error:
            raise RelayUrlError(f"not a relay URL: {error}") from None
    if not _HOST_NAME.fullmatch(name):
        raise RelayUrlError(f"a relay URL needs a host name, not {name[:80]!r}")
    return name
