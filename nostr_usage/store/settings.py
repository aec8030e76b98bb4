"""Small facts about the ledger and its store, by name."""

from nostr_usage.store.database import Connected
from nostr_usage.store.memory import Remembered


class SettingReads(Connected):
    """Small facts: the ledger's public key, its kind, the number of the last roll."""

    __slots__ = ()

    def setting(self, name: str) -> str | None:
        """The value of a small fact."""
        return self._recall(Remembered.SETTING, name, lambda: self._read_setting(name))

    def _read_setting(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None
