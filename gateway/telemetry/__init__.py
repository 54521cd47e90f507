"""Telemetry: what the gateway says of itself to those who run it."""
