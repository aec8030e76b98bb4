"""The dashboard: a terminal program that shows what the library reports, and computes nothing itself.

A worker asks the library for one frozen snapshot of everything on screen, the app gets it as a message, and
the screens draw it. So a screen can be tested with a snapshot, without a store, a relay or a clock.
"""
