"""Fields: what reaches a batch function, seen on a small graph of shelves and books."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
import strawberry
from graphql import ExecutionResult, execute, parse, validate

from datasources.scope import Scope
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.cursor import CursorCodec
from resolvers.errors import InvalidIdError
from resolvers.limits import Limits
from resolvers.viewer import Viewer
from schema import GatewaySchema
from schema.fields import batched, column, computed
from schema.relay import Ids

Record = dict[str, Any]

BOOKS = {"1": ["10", "11"], "2": ["10"], "lost": []}
NO_STORES: Any = None


class Calls(list[tuple[str, list[Any], dict[str, Any], Selection]]):
    """The calls of batch functions: name, keys, arguments and selection."""

    def note(
        self, name: str, keys: Sequence[Any], selection: Selection, **arguments: object
    ) -> None:
        self.append((name, list(keys), arguments, selection))

    def keys(self) -> list[tuple[str, list[Any]]]:
        return [(name, keys) for name, keys, _, _ in self]

    def columns(self, name: str) -> list[set[str]]:
        return [set(selection.columns) for called, _, _, selection in self if called == name]


CALLS = Calls()


@pytest.fixture(autouse=True)
def calls() -> Calls:
    CALLS.clear()
    return CALLS


async def shelf_by_id(context: Context, keys: Ids, selection: Selection) -> Slots[Record | None]:
    CALLS.note("shelf", keys, selection)
    return [
        {"id": key, "owner_id": None, "width_mm": 2, "depth_mm": 3} if key in BOOKS else None
        for key in keys
    ]


async def all_shelves(
    context: Context, keys: Sequence[bool], selection: Selection
) -> Slots[list[Record]]:
    CALLS.note("shelves", keys, selection)
    return [[{"id": key, "width_mm": 2, "depth_mm": 3} for key in BOOKS] for _ in keys]


async def books_by_shelf(
    context: Context,
    keys: Sequence[str],
    selection: Selection,
    *,
    most: Annotated[int | None, strawberry.argument(description="At most so many.")] = None,
    title: Annotated[str, strawberry.argument(description="Only this.", name="called")] = "any",
) -> Slots[list[Record]]:
    CALLS.note("books", keys, selection, most=most, title=title)
    return [
        InvalidIdError("no such shelf") if key == "lost" else [{"id": book} for book in BOOKS[key]]
        for key in keys
    ]


async def owner_by_id(
    context: Context, keys: Sequence[str], selection: Selection
) -> Slots[str | None]:
    raise AssertionError("no shelf has an owner")


async def too_few(context: Context, keys: Sequence[str], selection: Selection) -> Slots[str]:
    return []


@strawberry.type
class Book:
    id: strawberry.ID = column(description="Its id.")


@strawberry.type
class Shelf:
    id: strawberry.ID = column(description="Its id.")
    width_mm: int = column(description="Width.")
    area_mm2: int = computed(
        lambda record: record["width_mm"] * record["depth_mm"],
        reads=("width_mm", "depth_mm"),
        description="Area.",
    )
    books: list[Book] | None = batched(books_by_shelf, key="id", description="What stands there.")
    owner: str | None = batched(owner_by_id, key="owner_id", description="Whose it is.")
    broken: str | None = batched(too_few, key="id", description="Answers wrongly.")


@strawberry.type
class Query:
    shelf: Shelf | None = batched(shelf_by_id, argument="id", description="One shelf.")
    shelves: list[Shelf] | None = batched(all_shelves, description="All shelves.")
    whole_shelf: Shelf | None = batched(
        shelf_by_id, argument="id", whole=True, description="One shelf, fetched as a whole."
    )


GRAPH = GatewaySchema(Query).core


async def ask(query: str, **variables: object) -> ExecutionResult:
    document = parse(query)
    assert validate(GRAPH, document) == []
    context = Context(
        viewer=Viewer("1", "Ada", frozenset()),
        scope=Scope(None, float("inf")),
        writing=Scope(None, float("inf")),
        stores=NO_STORES,
        cursors=CursorCodec(b"secret"),
        limits=Limits(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    answer = execute(GRAPH, document, context_value=context, variable_values=variables)
    return answer if isinstance(answer, ExecutionResult) else await answer


async def test_a_relation_of_many_parents_is_one_call(calls: Calls) -> None:
    await ask("{ shelves { books { id } } }")
    assert calls.keys() == [("shelves", [True]), ("books", ["1", "2", "lost"])]


async def test_a_failure_is_that_of_its_own_slot() -> None:
    answer = await ask("{ shelves { books { id } } }")
    assert answer.data == {
        "shelves": [
            {"books": [{"id": "10"}, {"id": "11"}]},
            {"books": [{"id": "10"}]},
            {"books": None},
        ]
    }
    assert [(error.path, error.message) for error in answer.errors or ()] == [
        (["shelves", 2, "books"], "no such shelf")
    ]


async def test_aliases_that_ask_the_same_share_one_call_and_each_key_once(calls: Calls) -> None:
    aliases = " ".join(f's{at}: shelf(id: "{1 + at % 2}") {{ id }}' for at in range(50))
    answer = await ask(f"{{ {aliases} }}")
    assert calls.keys() == [("shelf", ["1", "2"])]
    assert answer.data is not None
    assert answer.data["s49"] == {"id": "2"}


async def test_aliases_that_select_differently_share_what_is_fetched_whole(calls: Calls) -> None:
    selections = 'a: {0}(id: "1") {{ id }} b: {0}(id: "2") {{ widthMm }}'
    await ask(f"{{ {selections.format('wholeShelf')} }}")
    await ask(f"{{ {selections.format('shelf')} }}")
    assert calls.keys() == [("shelf", ["1", "2"]), ("shelf", ["1"]), ("shelf", ["2"])]


async def test_uses_with_other_arguments_are_calls_of_their_own(calls: Calls) -> None:
    await ask('{ shelves { a: books(most: 1) { id } b: books(called: "x") { id } } }')
    assert [(name, arguments) for name, _, arguments, _ in calls] == [
        ("shelves", {}),
        ("books", {"most": 1, "title": "any"}),
        ("books", {"most": None, "title": "x"}),
    ]


async def test_an_explicit_null_is_a_value_and_an_unset_variable_is_none(calls: Calls) -> None:
    await ask(
        "query ($most: Int) { shelves { a: books(most: null) { id } b: books(most: $most) { id } } }"
    )
    assert calls.keys() == [("shelves", [True]), *[("books", ["1", "2", "lost"])] * 2]
    assert [arguments["most"] for name, _, arguments, _ in calls if name == "books"] == [None, None]


async def test_only_what_is_selected_is_read(calls: Calls) -> None:
    await ask("{ shelves { areaMm2 } }")
    await ask("{ shelves { books { id } } }")
    await ask("{ shelves { __typename } }")
    assert calls.columns("shelves") == [{"width_mm", "depth_mm"}, {"id"}, set()]


async def test_fragments_aliases_and_merged_fields_add_up(calls: Calls) -> None:
    await ask(
        """
        query ($no: Boolean = false) {
          shelves { ...Wide }
          shelves { ... on Shelf { key: id } ... @include(if: $no) { areaMm2 } owner @skip(if: true) }
        }
        fragment Wide on Shelf { widthMm books { __typename } books { id } }
        """
    )
    assert calls.columns("shelves") == [{"id", "width_mm"}]
    assert calls.columns("books") == [{"id"}]


async def test_fragments_that_double_at_every_step_are_each_read_once(calls: Calls) -> None:
    steps = 40  # read as often as they are spread, they would be read 2**40 times
    fragments = [f"fragment F{at} on Shelf {{ ...F{at + 1} ...F{at + 1} }}" for at in range(steps)]
    await ask(
        f"{{ shelves {{ ...F0 ...F{steps} }} }} {' '.join(fragments)} "
        f"fragment F{steps} on Shelf {{ id widthMm }}"
    )
    assert calls.columns("shelves") == [{"id", "width_mm"}]


async def test_a_parent_without_a_key_has_a_null_and_asks_nothing() -> None:
    answer = await ask('{ shelf(id: "1") { owner } }')
    assert (answer.data, answer.errors) == ({"shelf": {"owner": None}}, None)


async def test_an_unknown_id_is_null() -> None:
    assert (await ask('{ shelf(id: "9") { id } }')).data == {"shelf": None}


async def test_a_batch_function_that_answers_too_few_is_named() -> None:
    answer = await ask('{ shelf(id: "1") { broken } }')
    assert answer.errors is not None
    assert answer.errors[0].message == "too_few answered 1 keys with 0 slots"
