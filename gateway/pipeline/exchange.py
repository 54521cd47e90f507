"""Exchange: one operation on its way, from the request to the response; each stage adds its part."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from graphql import DocumentNode, OperationDefinitionNode
from graphql.execution import Executor
from orjson import Fragment

from datasources.redis.response_cache import ResponseCache
from datasources.relay.worker import Relay
from datasources.stores import Stores
from gateway.auth.authenticator import CLOSED, Authenticator
from gateway.auth.credentials import NOTHING, Credentials
from gateway.engine.cost import Counts, Price
from gateway.engine.engine import Engine
from gateway.errors import Code, FormattedError
from gateway.pipeline.alarm import TimeLimit
from gateway.pipeline.cached import Cached
from gateway.pipeline.concurrency import Concurrency, ConcurrencySettings
from gateway.pipeline.document_cache import Document
from gateway.pipeline.explain_settings import ExplainSettings
from gateway.pipeline.explanation import Explanation
from gateway.pipeline.fan_out import Subscriptions
from gateway.pipeline.flight import Flights
from gateway.pipeline.meter import Meter, Pending
from gateway.pipeline.operation_limits import OperationLimitSettings
from gateway.pipeline.operation_plan import OperationPlan
from gateway.pipeline.persisted import PersistedDocuments
from gateway.pipeline.reservation import Reservation, Standing, Throttle
from gateway.pipeline.view import View, Views
from gateway.pipeline.watch import Watch
from gateway.telemetry.audit import AuditTrail
from gateway.telemetry.operation_count import OperationCount
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Viewer

# What a stage returns that could not end at once: to be awaited, in a task, before the next one runs.
Waiting = Coroutine[Any, Any, None]
Run = Callable[["Exchange"], Waiting | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """Who asks, and on what terms: many requests that come the same way share one.

    ``safe`` means that only queries may run. ``in_band`` asks for the facts in the answer that HTTP would
    put into headers, ``cost_debug`` for the price of each field, ``explain`` for how the answer is come by,
    ``unkept`` for an answer that was not kept from earlier. ``after`` is the cursor of the last event that
    the client saw, where it came back by itself (``Last-Event-ID``): a subscription goes on there,
    whatever its argument says.
    """

    credentials: Credentials = NOTHING
    client_address: str = ""
    safe: bool = False
    in_band: bool = False
    cost_debug: bool = False
    unkept: bool = False
    explain: bool = False
    after: str | None = None


USUAL = Terms()


@dataclass(slots=True)
class Request:
    """What a client asks, whatever brought it here."""

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None
    trace_id: str = ""
    terms: Terms = USUAL


@dataclass(frozen=True, slots=True)
class Parts:
    """What the stages work with; made once per process."""

    views: Views
    stores: Stores
    cursors: CursorCodec
    limits: Limits
    deadline_seconds: float
    variable_max_depth: int
    executor: type[Executor[Any]] = Executor
    engine: Engine | None = None  # none leaves every operation to the executor
    persisted: PersistedDocuments = field(default_factory=PersistedDocuments)
    authenticator: Authenticator = CLOSED
    audit: AuditTrail | None = None
    responses: ResponseCache | None = None  # none keeps no answers
    meter: Meter | None = None  # none keeps no budgets
    relay: Relay | None = None  # none leaves it to other processes
    concurrency: Concurrency = field(default_factory=lambda: Concurrency(ConcurrencySettings()))
    operation_limits: OperationLimitSettings = field(default_factory=OperationLimitSettings)
    cost_shown: bool = True
    subscriptions: Subscriptions | None = None  # none takes no subscriptions
    operations: OperationCount = field(default_factory=OperationCount)
    flights: "Flights[Exchange] | None" = None  # none runs every operation by itself
    explain: ExplainSettings = field(default_factory=ExplainSettings)
    # The opening and the closing stages that have something to do with these parts, by whether the
    # transport streams and whether an explanation is asked for.
    routes: dict[tuple[bool, bool], tuple[Sequence[Run], Sequence[Run]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    time_limit: TimeLimit = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "time_limit", TimeLimit(self.deadline_seconds))


@dataclass(slots=True, kw_only=True)
class Response:
    """``refused`` says why there is no data entry; ``errors`` beside data make a partial answer."""

    body: bytes = b""  # encode
    refused: Code | None = None  # whatever refused: there is no data entry then
    errors: Sequence[FormattedError] = ()  # execute, or whatever refused
    operation: OperationDefinitionNode | None = None  # prepare
    plan: OperationPlan | None = None  # prepare
    rate: Sequence[Standing] = ()  # reserve_budget, settle_budget
    retry_after_seconds: int | None = None  # whatever refused for now
    cache_control: str | None = None  # write_cache
    etag: str | None = None  # write_cache

    @property
    def operation_type(self) -> str | None:
        """As far as it is known by now: query, mutation or subscription."""
        if self.plan is not None:
            return self.plan.kind
        return self.operation.operation.value if self.operation else None

    @property
    def operation_name(self) -> str | None:
        name = self.operation.name if self.operation else None
        return name.value if name else None


@dataclass(slots=True)
class Exchange(Response):
    """A field that names a stage is set by it, and read only by later ones; the last make the response."""

    request: Request
    parts: Parts
    started: float  # on the time.monotonic clock, in seconds
    deadline: float  # likewise
    streams: bool = False  # whether the transport can take the events of a subscription
    rows: dict[str, int] = field(default_factory=dict)  # by store, as they are read
    viewer: Viewer = field(init=False)  # identify_viewer
    customer_ids: frozenset[UUID] | None = None  # identify_viewer: None means every customer
    view: View = field(init=False)  # identify_viewer
    admitted: str | None = None  # admit: the client among whose operations this one counts
    document: Document = field(init=False)  # find_document
    document_id: str | None = None  # find_document: the id or hash that stood for the text
    price: Price | None = None  # prepare: of the whole operation, also of a dry run
    runs: DocumentNode | None = None  # prepare: what runs instead of the document
    estimate: float = 1.0  # prepare: points that what runs may cost
    actual_cost: float | None = None  # count_cost: points that it did cost
    explanation: Explanation | None = None  # explain: only where it was asked for
    order: Pending | None = None  # read_cache: what reserve_budget takes up, or nobody
    reservation: Reservation | None = None  # reserve_budget
    watch: Watch | None = None  # subscribe: what a subscription is to be told of
    cached: Cached | None = None  # read_cache: where the answer may be kept
    throttle: Throttle | None = None  # reserve_budget, settle_budget
    abandoned: bool = False  # the client went away: there is no answer
    data: dict[str, Any] | Fragment | None = None  # read_cache, as JSON; or execute
    is_folded: bool = False  # execute: there is finished JSON somewhere in the data
    texts: Mapping[str, bytes] | None = None  # execute: that of whole root fields
    encoded: Fragment | None = None  # share: the data as JSON, where others wait for the same
    counts: Counts | None = None  # execute: how many values the data holds, where that is known
    extensions: dict[str, Any] = field(default_factory=dict)  # any stage: joins the answer's


def unfolded(data: Any) -> Any:
    """The data with the finished JSON in it read again."""
    return orjson.loads(orjson.dumps(data))
