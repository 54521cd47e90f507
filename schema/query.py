"""Query: the roots of every read."""

import strawberry

from schema.fields import batched
from schema.viewer import Viewer, viewer


@strawberry.type(description="Everything that can be read.")
class Query:
    viewer: Viewer = batched(viewer, description="Who is asking, and what they may do.")
