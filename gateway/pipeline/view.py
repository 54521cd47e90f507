"""View: the graph as readers in some roles see it, with the documents that are valid in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from graphql import GraphQLSchema

from gateway.pipeline.document_cache import DocumentCache, DocumentSettings
from resolvers.viewer import Role

Roles = frozenset[Role]


@dataclass(frozen=True, slots=True)
class View:
    """What a role may not see is not in ``schema``, so that a document with it is not valid."""

    roles: Roles
    schema: GraphQLSchema
    documents: DocumentCache


@dataclass(frozen=True, slots=True)
class Views:
    """The views that were asked for, each built once; there is one for each set of roles at most."""

    build: Callable[[Roles], GraphQLSchema]
    settings: DocumentSettings
    _built: dict[Roles, View] = field(default_factory=dict)

    def of(self, roles: Roles) -> View:
        view = self._built.get(roles)
        if view is None:
            schema = self.build(roles)
            documents = DocumentCache(schema, self.settings, shown=self.settings.shows(roles))
            view = self._built[roles] = View(roles, schema, documents)
        return view
