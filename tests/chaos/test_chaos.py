"""Processes of every kind are killed and stopped under a load of writes, and nothing is lost or doubled."""

from random import SystemRandom

from tests.chaos.run import run

FAULTS = 20


async def test_whatever_dies_each_mutation_is_there_once_and_is_heard_once_in_order() -> None:
    seed = SystemRandom().randrange(10**6)
    print(f"./dev chaos --faults {FAULTS} --seed {seed}")  # shown where it fails

    summary = await run(FAULTS, seed)

    assert summary.faults.total() == FAULTS
    assert summary.outcomes["acknowledged"] > 0
