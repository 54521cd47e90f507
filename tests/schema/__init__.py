"""Tests of the contract, through the graph over real stores."""
