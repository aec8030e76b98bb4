"""Talking to relays: one websocket each, with a deadline on everything.

urls         a relay's URL in its one spelling
policy       the limits of a connection
dialing      names to addresses to sockets; nothing private unless asked
connection   one websocket that drives a `RelaySession`
exchange     requests and publications that share it
pool         several relays, reopened with back-off
backoff      how long to wait, with jitter
condition    how far a relay got
canary       who can read what a relay accepts
information  NIP-11, and what the relay's clock says
scores       what each relay was caught at
"""
