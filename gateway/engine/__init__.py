"""The engine: what an operation means, apart from any entity. Imports none of our other packages."""
