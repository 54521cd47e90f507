"""Tests of the meaning: what the resolvers decide without a store."""
