"""A signed AI-usage ledger on Nostr, in which every number can be rebuilt and checked by anyone.

Four modules are the map; each is named for what it does and reads as its line:

    record     measured usage ─▶ its price ─▶ an entry ─▶ a signed event ─▶ store and outbox, in one commit
    publish    outbox ─▶ relays ─▶ the answer of each ─▶ fetched back, as a stranger would ─▶ done
    sync       relays ─▶ messages ─▶ checked ids, signatures and links ─▶ store
    report     store ─▶ entries, and what is wrong with them ─▶ fold ─▶ balances and statements ─▶ a view

Below them lie three cores that touch nothing outside themselves and do not know each other:

    nostr      events, keys, filters, messages: what the NIPs say
    ledger     entries, lots, cycles: what a balance is
    pricing    measured usage, dated prices, catalogues: what an action costs

and between them and the verbs `entry_event`, where an entry becomes an event. Only `store`, `relays`,
`embedded` and `cli` touch files, sockets and the terminal; `wiring` puts all of it together from settings.
"""
