"""Seed: sample data, the same for the same seed, whose numbers add up and whose stores agree."""
