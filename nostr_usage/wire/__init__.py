"""What goes on the wire, and what it proves (PROTOCOL.md): where the ledger's core meets Nostr's.

entry_event    an entry becomes an event, and a well-formed event an entry again
entry_grammar  the one spelling of an entry's tags
entry_fields   tags read into types, or refused
seal           why no event can take the place of another on a relay
details        descriptions that only two parties can read
account_key    account ids, and what is derived beside them
manifest       what the root key says
chain          which copies are proved, which are missing, which contradict
audit          checks of one entry and of whole streams, as values
"""
