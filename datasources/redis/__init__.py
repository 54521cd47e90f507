"""Redis: what may be lost without losing truth; only this folder speaks to redis-py."""
