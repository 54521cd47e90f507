"""Log: lines that services wrote while they priced, tied to their calculation by trace and id."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from datasources.seed.calculation import Calculation
from datasources.seed.document import Document
from datasources.seed.fixed import text
from datasources.seed.identity import Identity, object_id
from datasources.seed.plan import Plan


class Source(NamedTuple):
    logger: str
    service: str


_API = Source("pricing.api", "pricing-api")
_GEOMETRY = Source("pricing.geometry", "quote-worker")
_MARKET = Source("market.material_price", "material-service")
_COST = Source("pricing.cost", "quote-worker")

# Lines that belong to no calculation: level, source, message, how often.
_BACKGROUND = (
    ("DEBUG", Source("scheduler.heartbeat", "quote-worker"), "Heartbeat; queue is empty", 30),
    ("INFO", Source("market.feed", "material-service"), "Material prices refreshed", 30),
    ("INFO", Source("http.access", "pricing-api"), "GET /health/ready 200", 25),
    ("WARNING", Source("postgres.slow", "pricing-api"), "Statement took longer than 500 ms", 9),
    ("ERROR", Source("market.feed", "material-service"), "Price feed timed out; will retry", 5),
    ("CRITICAL", Source("storage.disk", "quote-worker"), "Export volume is 97 % full", 1),
)
_BACKGROUND_WEIGHTS = [weight for *_, weight in _BACKGROUND]


class LogWriter:
    """Writes the lines of one piece of calculations: as many as the plan wants, no more, no less."""

    def __init__(self, plan: Plan, identity: Identity) -> None:
        self._plan = plan
        self._identity = identity

    def write(self, calculations: Sequence[Calculation]) -> list[Document]:
        first, last = calculations[0].number, calculations[-1].number
        wanted = self._plan.log_lines_until(last + 1) - self._plan.log_lines_until(first)
        random = self._identity.random("log", first)
        documents: list[Document] = []
        for calculation in calculations:
            if self._plan.is_traced(calculation.number) and len(documents) < wanted:
                documents.extend(self._trace(calculation, random))
        del documents[wanted:]
        while len(documents) < wanted:
            moment = calculations[int(random.random() * len(calculations))].created_at
            documents.append(_background(moment, random))
        return documents

    def _trace(self, calculation: Calculation, random: Random) -> Iterator[Document]:
        trace_id = self._identity.trace(calculation.number)
        environment = "staging" if calculation.number % 25 == 24 else "production"
        moment = calculation.created_at - timedelta(milliseconds=40 + int(80 * random.random()))
        context = {"calculation_id": str(calculation.id)}
        for level, source, message, details in _story(calculation, random):
            yield _line(
                moment, level, source, message, context | details, trace_id, environment, random
            )
            moment += timedelta(milliseconds=1 + int(25 * random.random()))


def _story(
    calculation: Calculation, random: Random
) -> Iterable[tuple[str, Source, str, dict[str, Any]]]:
    """Three or four lines of how one calculation went."""
    part, material = calculation.part, calculation.material.name
    yield (
        "INFO",
        _API,
        f"Pricing {calculation.quantity} parts of {material}",
        {
            "customer_id": str(calculation.customer_id),
            "quantity": calculation.quantity,
        },
    )
    if random.random() < 0.4:
        yield "DEBUG", _GEOMETRY, "Measured the part", {"weight_kg": text(part.weight)}
    luck = random.random()
    if luck < 0.05:
        yield "ERROR", _MARKET, f"No current price of {material}; retrying", {"attempt": 1}
    elif luck < 0.20:
        yield (
            "WARNING",
            _MARKET,
            f"Price of {material} took long to answer",
            {"milliseconds": 300 + int(900 * random.random())},
        )
    else:
        yield "INFO", _MARKET, f"Price of {material} is {text(calculation.costs.unit[0])}", {}
    yield (
        "INFO",
        _COST,
        f"Priced at {text(calculation.total)}",
        {
            "process": calculation.process.name,
            "total_price": text(calculation.total),
        },
    )


def _background(moment: datetime, random: Random) -> Document:
    [(level, source, message, _)] = random.choices(_BACKGROUND, _BACKGROUND_WEIGHTS)
    moment += timedelta(seconds=int(600 * random.random()))
    return _line(moment, level, source, message, {}, None, "production", random)


def _line(
    moment: datetime,
    level: str,
    source: Source,
    message: str,
    context: dict[str, Any],
    trace_id: str | None,
    environment: str,
    random: Random,
) -> Document:
    return {
        "id": object_id(moment, random),
        "timestamp": moment,
        "level": level,
        "logger": source.logger,
        "message": message,
        "context": context,
        "trace_id": trace_id,
        "span_id": None if trace_id is None else f"{random.getrandbits(64):016x}",
        "environment": environment,
        "service_name": source.service,
    }
