"""The boxes that prove: one entry with every check, the balance as it was after an earlier entry."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from nostr_usage.views import HistoryRow
from tui.explaining import ExplainingApp
from tui.past_screen import PastDialog
from tui.proof_screen import ProofDialog
from tui.widgets.row_table import RowTable

if TYPE_CHECKING:
    # Loads what checks signatures, and the first frame shows no proof.
    from nostr_usage.proof import EntryProof, PastView


class ProvingApp(ExplainingApp):
    """An app whose entries lead to their proofs."""

    @abstractmethod
    def entry_under_cursor(self) -> HistoryRow | None:
        """The entry that the user looks at; None without one."""

    def on_row_table_chosen(self, message: RowTable.Chosen) -> None:
        """Prove the entry that was chosen."""
        row: object = message.table.row(message.index)
        if isinstance(row, HistoryRow):
            self._prove(row.seq)

    def on_proof_dialog_again(self, message: ProofDialog.Again) -> None:
        """Make every check once more."""
        self._prove(message.seq)

    def on_past_dialog_wanted(self, message: PastDialog.Wanted) -> None:
        """Step to another entry."""
        self._travel(message.seq)

    def action_past(self) -> None:
        """Show the balance after the entry under the cursor."""
        row = self.entry_under_cursor()
        if row is not None:
            self._travel(row.seq)
        else:
            self.say_nothing_held()

    def show_past(self, past: PastView | None) -> None:
        """Show the balance at an earlier entry, in the box that is open or in a new one."""
        if past is None or self._snapshot is None or self._snapshot.balance is None:
            return
        if isinstance(self.screen, PastDialog):
            self.screen.show(past)
        else:
            last_seq = self._snapshot.balance.as_of_seq
            self.push_screen(PastDialog(past, last_seq=last_seq, look=self._look))

    def _travel(self, seq: int) -> None:
        account = self._account
        if account is not None:
            self.ask(lambda: self._source.past(account, seq), self.show_past, group="past")

    def _prove(self, seq: int) -> None:
        account = self._account
        if account is not None:
            self.ask(lambda: self._source.prove(account, seq), self._show_proof, group="prove")

    def _show_proof(self, proof: EntryProof | None) -> None:
        if proof is not None:
            dialog = ProofDialog(proof, look=self._look, hides_descriptions=self._hides_descriptions)
            self.push_screen(dialog)
