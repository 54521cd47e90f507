"""Response memory: what one process keeps, whatever arrives, gets lost and is filled in whatever order."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from datasources.redis.response_memory import Answer, Moment, ResponseMemory

FOREVER = float("inf")


def answer(*tags: str, sequence: int = 0, body: bytes = b"{}", until: float = FOREVER) -> Answer:
    return Answer(body, tags, Moment("epoch", sequence), 0.0, until)


def memory(max_bytes: int = 1_000_000) -> ResponseMemory:
    made = ResponseMemory(max_bytes)
    made.restart(Moment("epoch", 0))
    made.trusted_until = FOREVER
    return made


def test_what_is_kept_is_found_until_a_tag_of_it_is_bumped() -> None:
    kept = memory()
    kept.put("one", answer("Material", "Material:peek"))
    kept.put("two", answer("Material:abs"))

    kept.bump(Moment("epoch", 1), ["Material:peek"])

    assert kept.look("one") is None
    assert kept.look("two") == answer("Material:abs")


def test_without_a_lease_nothing_is_given_and_nothing_is_lost() -> None:
    kept = memory()
    kept.put("one", answer("Material"))

    kept.trusted_until = 0.0
    assert kept.look("one") is None

    kept.trusted_until = FOREVER
    assert kept.look("one") is not None


def test_an_answer_ends_with_its_time() -> None:
    kept = memory()
    kept.put("one", answer("Material", until=1.0))

    assert kept.look("one") is None
    assert kept.bytes == 0


def test_an_answer_from_before_a_known_bump_is_not_taken() -> None:
    kept = memory()
    kept.bump(Moment("epoch", 1), ["Material"])

    kept.put("old", answer("Material", sequence=0))
    kept.put("new", answer("Material", sequence=1))

    assert kept.look("old") is None
    assert kept.look("new") is not None


def test_another_epoch_ends_all_of_the_last_one() -> None:
    kept = memory()
    kept.put("one", answer("Material"))

    kept.bump(Moment("another", 1), ["Customer"])
    kept.trusted_until = FOREVER
    kept.put("late", answer("Material"))

    assert kept.look("one") is None
    assert kept.look("late") is None
    assert kept.bytes == 0


def test_the_least_recently_used_answers_give_way() -> None:
    kept = memory(max_bytes=10_000)
    for name in ("one", "two", "three"):
        kept.put(name, answer(body=b"x" * 2_000))
    kept.look("one")

    kept.put("four", answer(body=b"x" * 2_000))
    kept.put("huge", answer(body=b"x" * 20_000))

    assert [name for name in ("one", "two", "three", "four", "huge") if kept.look(name)] == [
        "one",
        "three",
        "four",
    ]
    assert kept.bytes <= 10_000


def test_tags_without_answers_leave_nothing_behind() -> None:
    kept = memory(max_bytes=100_000)
    for number in range(25_000):
        kept.put("key", answer(f"Material:{number}", sequence=number))
        kept.bump(Moment("epoch", number + 1), [f"Material:{number}"])

    assert kept.bytes == 0
    assert not kept._keys
    assert len(kept._bumps) <= 10_000


SOME_TAGS = st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True)
ACTIONS = st.one_of(
    st.tuples(st.just("bump"), SOME_TAGS, st.booleans()),
    st.tuples(st.just("put"), SOME_TAGS, st.integers(0, 5)),
    st.tuples(st.just("resume"), st.just(["a"]), st.just(0)),
)


@settings(max_examples=2_000)
@given(st.lists(ACTIONS, max_size=60))
def test_nothing_is_kept_that_a_seen_bump_has_ended(
    actions: Sequence[tuple[str, list[str], int]],
) -> None:
    """A bump may get lost on its way, and a fill may have begun any number of bumps ago."""
    kept, bumped, sequence = memory(2_600), {tag: [0] for tag in "abc"}, 0
    for number, (action, tags, value) in enumerate(actions):
        if action == "bump":
            sequence += 1
            for tag in tags:
                bumped[tag] = [*bumped[tag], sequence]
            if value:
                kept.bump(Moment("epoch", sequence), tags)
        elif action == "put":
            kept.put(str(number % 5), answer(*tags, sequence=max(0, sequence - value)))
        else:
            kept.restart(Moment("epoch", sequence))
        kept.trusted_until = FOREVER
        for key in map(str, range(5)):
            found = kept.look(key)
            for tag in found.tags if found else ():
                seen = [each for each in bumped[tag] if each <= kept.seen.sequence]
                assert found is not None
                assert max(seen) <= found.moment.sequence
        assert kept.bytes <= 2_600
