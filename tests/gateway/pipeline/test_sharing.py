"""Sharing: equal reads in flight are one execution; nobody is given what another may see."""

import asyncio
import gc
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any
from uuid import UUID

import orjson
import pytest
from graphql import GraphQLSchema, build_schema

from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import Identity
from gateway.engine.engine import Engine
from gateway.pipeline import answer, sharing
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Exchange, Parts, Request, Response, Terms
from gateway.pipeline.flight import Flights
from gateway.pipeline.view import Views
from gateway.telemetry.audit import AuditTrail
from resolvers.errors import InvalidIdError
from resolvers.viewer import Role, Viewer
from tests.gateway.pipeline.edge import edge
from tests.gateway.pipeline.shop import ADMIN, customer, until

SDL = """
type Query { rows(n: Int): [Row!]  me: String  unsaid: Int  failing: Int }
type Row { whose: String }
type Mutation { touch: Int }
"""
ROWS = "query($n: Int) { rows(n: $n) { whose } }"
LIVE = {"maxAge": 0, "scope": "PRIVATE"}


@dataclass
class World:
    """Its rows are whoever's may be seen; nothing is answered before the gate opens."""

    flights: Flights[Exchange] = field(default_factory=Flights)
    audit: AuditTrail = field(default_factory=AuditTrail)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    ended: int = 0
    views: Views = field(init=False)

    def __post_init__(self) -> None:
        schema = self.schema()
        self.views = Views(lambda roles: schema, DocumentSettings())

    async def behind_gate(self, value: Any) -> Any:
        self.begun += 1
        try:
            await self.gate.wait()
        finally:
            self.ended += 1
        return value

    async def rows(self, root: object, info: Any, n: int = 0) -> Any:
        ids = info.context.scope.customer_ids
        names = ["every"] if ids is None else sorted(map(str, ids))
        return await self.behind_gate([{"whose": name} for name in names])

    async def failing(self, *_: object) -> int:
        await self.behind_gate(None)
        raise InvalidIdError("No such id.")

    def schema(self) -> GraphQLSchema:
        built = build_schema(SDL)
        query, mutation = built.query_type, built.mutation_type
        assert query is not None
        assert mutation is not None
        for name in ("rows", "me", "failing"):
            query.fields[name].extensions["cacheControl"] = LIVE
        query.fields["me"].extensions["personal"] = True
        query.fields["rows"].resolve = self.rows
        query.fields["failing"].resolve = self.failing
        query.fields["me"].resolve = lambda _, info: self.behind_gate(info.context.viewer.name)
        query.fields["unsaid"].resolve = lambda *_: self.behind_gate(1)
        mutation.fields["touch"].resolve = lambda *_: 1
        return built

    def parts(self, who: Identity, **given: Any) -> Parts:
        own = {"views": self.views, "flights": self.flights, "audit": self.audit}
        return edge(**{**own, "authenticator": Authenticator(anonymous=who), **given})

    def ask(self, query: str, who: Identity = ADMIN, **request: Any) -> asyncio.Task[Response]:
        return asyncio.create_task(answer(Request(query, **request), self.parts(who)))

    async def all(self, *asked: asyncio.Task[Response]) -> list[Any]:
        """The bodies, once every execution has begun that will."""
        for _ in range(20):
            await asyncio.sleep(0)
        self.gate.set()
        return [orjson.loads(each.body) for each in await asyncio.gather(*asked)]


@pytest.fixture
async def world() -> World:
    return World()


async def test_equal_reads_are_one_execution_and_each_is_noted_and_paid(world: World) -> None:
    bodies = await world.all(*(world.ask(ROWS, variables={"n": 1, "x": i}) for i in range(5)))

    assert world.begun == 1
    assert world.flights.joined == 4
    assert bodies == [bodies[0]] * 5
    assert bodies[0]["data"] == {"rows": [{"whose": "every"}]}
    assert bodies[0]["extensions"]["cost"]["actualQueryCost"] > 0
    assert world.audit.waiting == 5


async def test_whoever_comes_after_the_end_begins_anew(world: World) -> None:
    world.gate.set()
    for _ in range(2):
        await world.ask(ROWS)

    assert (world.begun, world.flights.joined) == (2, 0)


async def test_no_scope_is_crossed(world: World) -> None:
    one, two = UUID(int=1), UUID(int=2)
    analyst = Identity(Viewer("a", "A", frozenset({Role.ANALYST})), None)
    people = [customer(one), customer(two), customer(one, two), customer(), ADMIN, analyst]

    bodies = await world.all(*(world.ask(ROWS, who) for who in people for _ in range(2)))

    assert world.begun == len(people)
    assert [[row["whose"] for row in each["data"]["rows"]] for each in bodies[::2]] == [
        [str(one)],
        [str(two)],
        [str(one), str(two)],
        [],
        ["every"],
        ["every"],
    ]
    assert bodies[::2] == bodies[1::2]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"query": ROWS, "variables": {"n": 1}}, {"query": ROWS, "variables": {"n": 2}}),
        ({"query": ROWS, "variables": {"n": 1}}, {"query": ROWS, "variables": {}}),
        ({"query": ROWS, "variables": {"n": 1}}, {"query": ROWS, "variables": {"n": 1.0}}),
        ({"query": ROWS, "variables": {"n": None}}, {"query": ROWS, "variables": {}}),
        ({"query": ROWS}, {"query": f"{ROWS} "}),
        ({"query": ROWS}, {"query": ROWS, "terms": Terms(unkept=True)}),
        ({"query": "{ me }"}, {"query": "{ me }"}),
        ({"query": "{ unsaid }"}, {"query": "{ unsaid }"}),
    ],
    ids=[
        "variables",
        "no variables",
        "1 and 1.0",
        "null",
        "text",
        "fresh",
        "personal",
        "nothing said of it",
    ],
)
async def test_what_is_not_equal_for_sure_runs_by_itself(
    world: World, first: dict[str, Any], second: dict[str, Any]
) -> None:
    await world.all(world.ask(**first), world.ask(**second))

    assert world.begun == 2


async def test_errors_reach_everybody_with_their_places(world: World) -> None:
    bodies = await world.all(*(world.ask("{ failing }") for _ in range(3)))

    assert world.begun == 1
    assert bodies == [bodies[0]] * 3
    assert bodies[0]["errors"][0]["path"] == ["failing"]
    assert bodies[0]["data"] == {"failing": None}


async def test_refused_variables_are_refused_to_everybody(world: World) -> None:
    bodies = await world.all(*(world.ask(ROWS, variables={"n": "many"}) for _ in range(3)))

    codes = [each["errors"][0]["extensions"]["code"] for each in bodies]
    assert codes == ["BAD_USER_INPUT"] * 3


async def test_who_leaves_leaves_the_others_their_answer(world: World) -> None:
    first, *others = (world.ask(ROWS) for _ in range(3))
    await until(lambda: world.flights.joined == 2)

    first.cancel()
    await asyncio.wait({first})

    assert first.cancelled()
    assert world.ended == 0
    bodies = await world.all(*others)
    assert [each["data"] for each in bodies] == [{"rows": [{"whose": "every"}]}] * 2
    assert world.begun == 1


async def test_who_reaches_the_deadline_leaves_the_others_their_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_JOINED_SHARE", 1.0)  # of so little time a share is soon over
    hurried = asyncio.create_task(answer(Request(ROWS), world.parts(ADMIN, deadline_seconds=0.5)))
    patient = world.ask(ROWS)

    [error] = orjson.loads((await hurried).body)["errors"]
    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
    assert (world.flights.joined, world.ended) == (1, 0)
    [body] = await world.all(patient)
    assert body["data"] == {"rows": [{"whose": "every"}]}
    assert world.begun == 1


async def test_the_last_who_leaves_ends_it(world: World) -> None:
    asked = [world.ask(ROWS) for _ in range(3)]
    await until(lambda: world.flights.joined == 2)

    for each in asked:
        each.cancel()
    await asyncio.wait(asked)

    assert (world.begun, world.ended) == (1, 1)
    world.gate.set()
    assert orjson.loads((await world.ask(ROWS)).body)["data"] == {"rows": [{"whose": "every"}]}
    assert world.begun == 2


async def test_a_change_parts_those_before_from_those_after(world: World) -> None:
    before = world.ask(ROWS)
    await until(lambda: world.begun == 1)
    await world.ask("mutation { touch }")

    await world.all(before, world.ask(ROWS))

    assert world.begun == 2


async def test_a_change_of_another_process_parts_them_and_so_does_not_knowing_of_any(
    world: World,
) -> None:
    moments = iter((1, 1, 2, None, None))
    world.flights.moment = lambda: next(moments)

    await world.all(*(world.ask(ROWS) for _ in range(5)))

    assert (world.begun, world.flights.joined) == (4, 1)


async def test_who_comes_late_begins_anew() -> None:
    """The stores' time of an execution is that of who began it; nobody is to be given the end of it."""
    flights: Flights[int] = Flights()
    numbers = iter(range(2))

    async def start() -> int:
        return next(numbers)

    found = [flights.board("key", start, joined_until=0.0) for _ in range(2)]

    assert await asyncio.gather(*map(flights.wait, found)) == [0, 1]


async def test_what_takes_its_time_begins_before_the_loop_turns_to_others() -> None:
    flights: Flights[int] = Flights()
    begun: list[int] = []

    async def start(number: int) -> int:
        begun.append(number)
        return number

    short = flights.board("short", partial(start, 1), inf)
    long = flights.board("long", partial(start, 2), inf, at_once=True)

    assert begun == [2]
    assert [await flights.wait(flight) for flight in (short, long)] == [1, 2]


async def test_who_boarded_and_does_not_wait_yet_is_not_left_behind() -> None:
    """Between the two lies a turn of the event loop, in which whoever came first may go away."""
    flights: Flights[int] = Flights()
    gate = asyncio.Event()

    async def start() -> int:
        await gate.wait()
        return 7

    first = asyncio.create_task(flights.wait(flights.board("key", start, inf)))
    await asyncio.sleep(0)
    second = flights.board("key", start, inf)
    first.cancel()
    await asyncio.wait([first])
    gate.set()

    assert await flights.wait(second) == 7


async def test_what_needs_no_waiting_is_there_at_once_for_all_who_boarded() -> None:
    flights: Flights[int] = Flights()

    async def start() -> int:
        return 7

    now = flights.board("key", start, inf, at_once=True)
    soon = [flights.board("other", start, inf) for _ in range(2)]

    assert await flights.wait(now) == 7
    assert await asyncio.gather(*map(flights.wait, soon)) == [7, 7]
    assert flights.joined == 1


async def test_what_is_cancelled_before_its_first_turn_is_begun_anew() -> None:
    flights: Flights[int] = Flights()
    begun: list[int] = []

    async def start() -> int:
        begun.append(7)
        return 7

    flight = flights.board("key", start, inf)
    flight.task.cancel()
    await asyncio.wait([flight.task])

    assert (flight.task.cancelled(), begun) == (True, [])
    assert await flights.wait(flights.board("key", start, inf)) == 7
    assert flights.joined == 0


async def test_what_fails_after_everybody_left_is_reported_to_nobody() -> None:
    flights: Flights[int] = Flights()
    reported: list[Any] = []
    loop = asyncio.get_running_loop()
    gc.collect()  # what other tests have left may have something to report as well
    loop.set_exception_handler(lambda _, report: reported.append(report))

    async def start() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            raise InvalidIdError("No such id.")

    only = asyncio.create_task(flights.wait(flights.board("key", start, inf)))
    await asyncio.sleep(0)
    only.cancel()
    await asyncio.wait([only])
    gc.collect()
    loop.set_exception_handler(None)

    assert (only.cancelled(), reported) == (True, [])


async def test_the_breadth_first_engine_shares_alike(world: World) -> None:
    parts = world.parts(ADMIN, engine=Engine())
    asked = [asyncio.create_task(answer(Request(ROWS), parts)) for _ in range(3)]

    bodies = await world.all(*asked)

    assert world.begun == 1
    assert bodies == [bodies[0]] * 3
