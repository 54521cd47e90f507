"""The edge: bytes to operation, result to bytes. Knows no entity."""
