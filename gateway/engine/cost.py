"""Cost: what an operation may cost before it runs, and what it did cost after.

Source: IBM's GraphQL Cost Directives specification (`@cost`, `@listSize`). A field costs its own weight once
for each parent (0 unless `@cost` says otherwise) and the weight of its type for each value that it returns
(1 for an object, 0 for a leaf, unless `@cost` on the type says otherwise). A list is as long as its slicing
argument says, or else as `assumedSize`, or else :data:`DEFAULT_LIST_SIZE`; `sizedFields` moves that length to
fields of the returned object, as connections need it. Of an abstract type the dearest possible type counts.
Beyond the specification, a list may bring a function of its arguments that says how long it can be.

The formula is compiled once per operation (gateway/engine/cost_compiler.py), sums up what no variable can
change, and is evaluated with the variables of each request.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

DEFAULT_LIST_SIZE = 10
UNBOUNDED = 10**15  # a sum that is larger is too much whatever the limit

Variables = Mapping[str, Any]
Counts = Mapping[tuple[str, ...], int]
Size = Callable[[Variables], int]
Tests = frozenset[tuple[str, bool]]  # variables of @include and @skip, and what each must be


class Price(NamedTuple):
    """``points`` to pay, and ``nodes``: objects returned, of types that cost something each."""

    points: int
    nodes: int


class FieldPrice(NamedTuple):
    """What one field costs for one parent: by itself, and with the ``children`` of all its values."""

    path: tuple[str, ...]
    defined: int
    children: int
    total: int


FREE = Price(0, 0)


@dataclass(slots=True)
class Group:
    """What one type's selection costs; ``fixed`` is the part that no variable changes."""

    terms: Sequence["Term"]
    fixed: Price = field(init=False)
    moving: Sequence["Term"] = field(init=False)
    paid: Sequence["Term"] = field(init=False)

    def __post_init__(self) -> None:
        settled = [term.fixed for term in self.terms if term.fixed]
        self.fixed = _total(settled)
        self.moving = [term for term in self.terms if term.fixed is None]
        self.paid = [term for term in self.terms if term.paid]

    def price(self, variables: Variables) -> Price:
        if not self.moving:
            return self.fixed
        return _total([self.fixed, *(term.price(variables) for term in self.moving)])

    def actual(self, data: Mapping[str, Any]) -> int:
        """Plain loops here and below: an answer holds thousands of objects."""
        total = 0
        for term in self.paid:
            value = data.get(term.key)
            if value is not None:
                total += term.weight + term.actual(value)
            elif term.key in data:  # a null costs its field's weight alone
                total += term.weight
        return total

    def actual_of(
        self, counts: Counts, path: tuple[str, ...], parents: int, given: Variables
    ) -> int:
        """The same for so many objects at ``path``, of numbers alone."""
        total = 0
        for term in self.paid:
            total += term.actual_of(counts, (*path, term.key), parents, given)
        return total


@dataclass(slots=True)
class Term:
    """One response key of one type: its weights, how often it is returned, and what stands below.

    Any of ``conditions`` suffices; without any the field is always returned. ``fixed`` is its price
    where no variable can change it; ``paid`` says whether an answer with it can cost anything,
    ``nested`` whether it is a list of lists.
    """

    key: str
    weight: int
    type_weight: int
    count: int | Size
    conditions: Sequence[Tests]
    groups: Sequence[Group]
    nested: bool = False
    names: Sequence[str] = ()  # of the possible types, where there may be several
    fixed: Price | None = field(init=False, default=None)
    paid: bool = field(init=False)
    deep: bool = field(init=False)

    def __post_init__(self) -> None:
        self.deep = any(group.paid for group in self.groups)
        self.paid = bool(self.weight or self.type_weight or self.deep)
        moving = any(group.moving for group in self.groups)
        if isinstance(self.count, int) and not self.conditions and not moving:
            self.fixed = self._price({})

    def price(self, variables: Variables) -> Price:
        """The most that the field can cost for one parent."""
        if self.fixed is not None:
            return self.fixed
        return self._price(variables) if self.included(variables) else FREE

    def included(self, variables: Variables) -> bool:
        return not self.conditions or any(
            all(bool(variables.get(name)) is wanted for name, wanted in tests)
            for tests in self.conditions
        )

    def _price(self, variables: Variables) -> Price:
        count = self.count if isinstance(self.count, int) else self.count(variables)
        points = nodes = 0
        for group in self.groups:
            below = group.price(variables)
            points, nodes = max(points, below.points), max(nodes, below.nodes)
        return Price(
            min(UNBOUNDED, self.weight + count * (self.type_weight + points)),
            min(UNBOUNDED, count * ((self.type_weight > 0) + nodes)),
        )

    def actual(self, value: Any) -> int:
        """What the values cost that were really returned, beside the field's own weight.

        Looks into objects only where something below them costs, and never at leaves.
        """
        if value is None or not (self.deep or self.type_weight):
            return 0
        if isinstance(value, list):
            if not (self.deep or self.nested):
                return self.type_weight * (len(value) - value.count(None))
            total = 0
            for each in value:
                total += self.actual(each)
            return total
        if not self.deep:
            return self.type_weight
        if len(self.groups) == 1:
            return self.type_weight + self.groups[0].actual(value)
        return self.type_weight + max([group.actual(value) for group in self.groups])

    def actual_of(
        self, counts: Counts, path: tuple[str, ...], parents: int, given: Variables
    ) -> int:
        """What ``parents`` objects with the field at ``path`` cost by it."""
        if not self.included(given):
            return 0
        number = counts.get(path, 0)
        total = self.weight * parents + self.type_weight * number
        if number and self.deep:
            for name, group in zip(self.names or ("",), self.groups, strict=True):
                below = (*path, f"... on {name}") if name else path
                held = counts.get(below, 0)
                total += group.actual_of(counts, below, held, given) if held else 0
        return total

    def fields(self, variables: Variables, path: tuple[str, ...] = ()) -> Iterator[FieldPrice]:
        """The prices of this field and of those below it, of all that cost something."""
        if not self.paid or not self.included(variables):
            return
        path = (*path, self.key)
        total = self.price(variables).points
        count = self.count if isinstance(self.count, int) else self.count(variables)
        children = max(0, total - self.weight - count * self.type_weight)
        yield FieldPrice(path, self.weight + self.type_weight, children, total)
        for group in self.groups:
            for term in group.terms:
                yield from term.fields(variables, path)


@dataclass(frozen=True, slots=True)
class CostFormula:
    """An operation's price as a function of its variables, as a client sent them."""

    base: int
    group: Group
    defaults: Variables
    fixed: Price = field(init=False)  # where no variable can change it

    def __post_init__(self) -> None:
        object.__setattr__(self, "fixed", _total([Price(self.base, 0), self.group.fixed]))

    @property
    def is_fixed(self) -> bool:
        """Whether the price is the same for all variables."""
        return not self.group.moving

    def price(self, variables: Variables) -> Price:
        """The most that the operation can cost and return."""
        if self.is_fixed:
            return self.fixed
        return _total([Price(self.base, 0), self.group.price(self.given(variables))])

    def estimate(self, variables: Variables) -> int:
        """The most that the operation can cost, in points."""
        return self.price(variables).points

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """What ``data``, the operation's result, did cost, in points."""
        return self.base if data is None else self.base + self.group.actual(data)

    def actual_of(self, counts: Counts, variables: Variables) -> int:
        """The same from how many values the result holds (gateway/engine/counting.py).

        Of an object whose type is not known from the field, its own type counts; :meth:`actual` takes the
        dearest that its data may be of, which is the same unless types call different prices alike.
        """
        return self.base + self.group.actual_of(counts, (), 1, self.given(variables))

    def fields(self, variables: Variables) -> Iterator[FieldPrice]:
        """The price of each field that costs something, from the outermost in."""
        given = self.given(variables)
        for term in self.group.terms:
            yield from term.fields(given)

    def given(self, variables: Variables) -> Variables:
        return {**self.defaults, **variables} if self.defaults else variables


def _total(prices: Sequence[Price]) -> Price:
    points = sum([price.points for price in prices])
    nodes = sum([price.nodes for price in prices])
    return Price(min(UNBOUNDED, points), min(UNBOUNDED, nodes))
