"""Real PostgreSQL, MongoDB and Redis servers as child processes, for the demo and for the tests."""
