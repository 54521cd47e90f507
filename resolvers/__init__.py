"""The meaning: who may ask, what counts and in which order. No SQL, no HTTP, no Strawberry."""
