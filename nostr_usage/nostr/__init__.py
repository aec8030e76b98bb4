"""The Nostr core: pure, without sockets, clock, files or chance. Time and entropy are passed in.

    event        events in three stages: unsigned, well-formed with the right id, signature checked
    tags         reading tags
    schnorr      BIP-340 signatures, by two independent builds of libsecp256k1
    keys         secret keys that hide themselves; keys as people type them
    signer       one key that signs events, and refuses the kinds that a ledger must never sign
    nip19        npub, nsec, nprofile, nevent, naddr: identifiers for people
    nip44        encryption between two keys
    nip49        a secret key under a password
    filter       what a subscription asks for, and whether an event matches it
    message      client and relay messages, both ways
    reason       why a relay said no, and what the publisher should do
    session      the protocol of one connection, without the connection: frames in, what they mean out
    auth         NIP-42: the event that proves a key to a relay
    information  NIP-11: what a relay says of itself

Below these: `json_text` (a byte cap, then strict JSON), `bech32` and `ecdh`. `message` gathers
`client_message` and `relay_message`, over `message_items`; `session` reports what is in `session_event`.

The line through it: bytes ─ message ─▶ Event ─ session: asked for? ─▶ Event ─ verify_event ─▶ VerifiedEvent.
"""
