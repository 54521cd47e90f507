"""Run: takes one operation through its plan, all objects of a block at once.

Blocks are read in their turn until nothing is left that needs no waiting; then every step that is due is
awaited, side by side, and what arrives opens further blocks. At the end the objects are built from the
innermost block out. Neither way is recursive, so that depth costs no stack.
"""

from asyncio import FIRST_COMPLETED, Task, create_task, wait
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from graphql import GraphQLError

from gateway.engine.awaiting import await_values, close_unstarted
from gateway.engine.call import Ask, Question, Slots, distinct, is_key, text_of
from gateway.engine.column import Column, Inward
from gateway.engine.fault import Fault, tell
from gateway.engine.folding import FoldedColumn, HoleRows, fetch
from gateway.engine.nature import Waiting
from gateway.engine.plan import Block, FieldPlan, Group
from gateway.engine.request import Info, Request
from gateway.engine.resolving import await_change, change, compute, resolve_each
from gateway.engine.row import read_each
from gateway.engine.rows import Rows
from gateway.engine.source import FoldPlan

Finish = Callable[[Any], None]

_GRACE_SECONDS = 1.0  # for what was cancelled to end


class Job(NamedTuple):
    """Something to await, and what to do with its outcome; it never raises but when cancelled."""

    work: Coroutine[Any, Any, Any]
    finish: Finish


@dataclass(slots=True, eq=False)
class Run:
    """The state of one run; ``finished`` are the steps whose values have arrived."""

    request: Request
    faults: list[Fault] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    queue: deque[Rows] = field(default_factory=deque)
    asks: dict[Group, list[Ask]] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    tasks: dict[Task[Any], Finish] = field(default_factory=dict)
    waiting: dict[int, list[Any]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    questions: dict[tuple[int, str], Question] = field(default_factory=dict)
    known: dict[tuple[int, str], Question] = field(default_factory=dict)  # before it began
    is_folded: bool = False

    async def answer(self, block: Block) -> dict[str, Any] | None:
        """The objects of a root block, built; ``None`` where an error left nothing of it."""
        self.rows.clear()
        # A change may have changed what was known.
        self.questions, self.known = self.known, {}
        root = self.open(block, [self.request.root], None)
        try:
            await self._work()
        finally:
            await self._stop()
        for rows in reversed(self.rows):
            rows.build()
        built: dict[str, Any] | None = root.built[0]
        return built

    def texts(self) -> dict[str, bytes]:
        """The root fields that a store wrote, by response key."""
        return {
            each.field.selected.response_key: text
            for each in self.rows[0].values
            if isinstance(each, FoldedColumn) and (text := each.joined[0]) is not None
        }

    def told(self) -> list[GraphQLError]:
        return tell(self.faults) if self.faults else []

    def release(self) -> None:
        """Lets go of what was read, of which nobody is told any more."""
        for rows in self.rows:
            rows.release()
        self.rows.clear()

    def blame(self, column: Column, depth: int, position: int, error: Exception) -> None:
        self.faults.append(Fault(column, depth, position, error))

    def open(self, block: Block, sources: Sequence[Any], origin: Column | None) -> Rows:
        rows = Rows(block, sources, origin)
        self.rows.append(rows)
        self.queue.append(rows)
        return rows

    def info(self, planned: FieldPlan, rows: Rows, row: int) -> Info:
        return self.request.info(planned, rows, row)

    async def _work(self) -> None:
        while True:
            while self.queue:
                self._read(self.queue.popleft())
            self._call()
            if len(self.jobs) == 1 and not self.tasks:
                job = self.jobs.pop()
                job.finish(await job.work)
                continue
            for job in self.jobs:
                self.tasks[create_task(job.work)] = job.finish
            self.jobs.clear()
            if not self.tasks:
                return
            done, _ = await wait(self.tasks, return_when=FIRST_COMPLETED)
            for task in done:
                self.tasks.pop(task)(task.result())

    async def _stop(self) -> None:
        """Ends whatever still runs, so that nothing outlives the run."""
        for task in self.tasks:
            task.cancel()
        for job in self.jobs:
            job.work.close()
        if self.tasks:
            await wait(self.tasks, timeout=_GRACE_SECONDS)
        for values in self.waiting.values():
            close_unstarted(values)

    def _read(self, rows: Rows) -> None:
        """Reads the columns of a block, completes what is complete, and asks for the rest."""
        block, sources = rows.block, rows.sources
        try:
            read = block.extract(sources)
        except Exception:
            read = [read_each(sources, key) for key in block.reads]
        for planned in block.columns:
            values: list[Any] | None = None if planned.read is None else read[planned.read]
            if planned.way == "column":
                assert values is not None
                self._complete(rows, planned, values)
            elif planned.way == "batch":
                self._ask(rows, planned, values)
            elif planned.way == "computed":
                self._complete(rows, planned, compute(planned, sources))
            elif planned.way == "change":
                self._change(rows, planned)
            else:
                self._begin(planned)
                column = self._column(rows, planned)
                self._advance(column, column.inward(resolve_each(self.request, planned, rows)))

    def _complete(self, rows: Rows, planned: FieldPlan, values: list[Any]) -> None:
        nullable = planned.nullable
        if planned.leaf is not None and len(nullable) == 1:
            done = planned.leaf.column(values, nullable=nullable[0])
            if done is not None:
                rows.values.append(done)
                return
        column = self._column(rows, planned)
        self._advance(column, column.inward(values))

    def _column(self, rows: Rows, planned: FieldPlan, index: list[int] | None = None) -> Column:
        column = Column(self, rows, planned, index)
        rows.values.append(column)
        return column

    def _ask(self, rows: Rows, planned: FieldPlan, keys: list[Any] | None) -> None:
        source, count = planned.source, len(rows.sources)
        assert source is not None
        self._begin(planned)
        try:
            given = dict(self.request.arguments_of(planned.selected))
            if source.argument is not None:
                keys = [given.pop(source.argument)] * count
        except Exception as error:
            column = self._column(rows, planned)
            self._advance(column, column.inward([error] * count))
            return
        each, index = distinct([True] * count if keys is None else keys)
        column = self._column(rows, planned, index)
        wanted = [key for key in each if is_key(key)]
        ask = Ask(column, each, wanted, given)
        if not wanted:
            self._advance(column, column.inward(each))
        elif planned.fold is not None:
            self.jobs.append(self._fetch(planned.fold, ask, len(rows.values) - 1))
        else:
            self._ask_in_group(ask)

    def _ask_in_group(self, ask: Ask) -> None:
        group = ask.column.field.group
        assert group is not None
        self.asks.setdefault(group, []).append(ask)

    def _fetch(self, fold: FoldPlan, ask: Ask, place: int) -> Job:
        """Has a store write the text of a column, the one at ``place`` of its rows."""
        rows, planned = ask.column.rows, ask.column.field

        def receive(slots: Slots | None) -> None:
            if slots is None:
                self._ask_in_group(ask)
                return
            self.is_folded = True
            column = FoldedColumn(self, rows, planned, ask.column.index)
            rows.values[place] = column
            for holes in column.fold(ask.values(slots)):
                self.rows.append(holes)
                self._fill(holes)
            assert planned.step is not None
            self.finished.add(planned.step)

        trace = self.request.trace
        if trace is None:
            return Job(fetch(fold, self.request, ask.keys), receive)
        start = partial(fetch, fold, self.request, ask.keys)
        return Job(trace.watch("folded", [planned], len(ask.keys), start), receive)

    def _fill(self, holes: HoleRows) -> None:
        planned, keys = holes.hole, list(holes.sources)
        if planned.way == "batch":
            self._ask(holes, planned, keys)
        elif planned.way == "computed":
            self._complete(holes, planned, compute(planned, keys))
        else:
            self._complete(holes, planned, keys)

    def _call(self) -> None:
        """Makes the calls that are due: a group waits for all its uses that will still come."""
        for group in tuple(self.asks):
            if len(group.steps) > 1 and not self._is_complete(group):
                continue
            alike: dict[str, list[Ask]] = {}
            for ask in self.asks.pop(group):
                alike.setdefault(text_of(ask.arguments), []).append(ask)
            for text, asks in alike.items():
                question = self.questions.get((group.question, text))
                if question is None:
                    question = Question(group.function, group.selection, asks[0].arguments)
                    self.questions[group.question, text] = question
                self.jobs.append(self._job(question, asks))

    def _job(self, question: Question, asks: list[Ask]) -> Job:
        def receive(answers: list[Slots]) -> None:
            for ask, slots in zip(asks, answers, strict=True):
                self._advance(ask.column, ask.column.inward(ask.values(slots)))

        trace = self.request.trace
        if trace is None:
            return Job(question.ask(self.request.context, asks), receive)
        fields = [ask.column.field for ask in asks]
        start = partial(question.ask, self.request.context, asks)
        return Job(trace.watch("batch", fields, question.count(asks), start), receive)

    def _is_complete(self, group: Group) -> bool:
        arrived = {ask.column.field.step for ask in self.asks[group]}
        return all(step in arrived or self._is_over(step) for step in group.steps)

    def _is_over(self, step: int | None) -> bool:
        """Whether the step has its values, or will never be asked for any."""
        while step is not None and step not in self.finished:
            if step in self.begun:
                return False
            step = self.request.plan.outer[step]
        return True

    def _begin(self, planned: FieldPlan) -> None:
        assert planned.step is not None
        self.begun.add(planned.step)

    def _change(self, rows: Rows, planned: FieldPlan) -> None:
        self._begin(planned)
        column = self._column(rows, planned)
        trace = self.request.trace
        if trace is None:
            values = [change(self.request, planned) for _ in rows.sources]
        else:
            start = partial(await_change, self.request, planned)
            values = [trace.watch("change", [planned], 1, start) for _ in rows.sources]
        self._advance(column, column.inward(values))

    def _advance(self, column: Column, inward: Inward, arrived: list[Any] | None = None) -> None:
        """Takes a column on until it waits or is through."""
        try:
            pending = next(inward) if arrived is None else inward.send(arrived)
        except StopIteration:
            if column.field.step is not None:
                self.finished.add(column.field.step)
            return
        self._await(column, inward, pending)

    def _await(self, column: Column, inward: Inward, pending: Waiting) -> None:
        self.waiting[id(pending.values)] = pending.values

        def go_on(arrived: list[Any]) -> None:
            del self.waiting[id(pending.values)]
            self._advance(column, inward, arrived)

        self.jobs.append(Job(await_values(pending), go_on))
