"""Relay: carries each event of the outbox to every store that has to know of it."""
