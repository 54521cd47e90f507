"""Explain settings: who may be told how an operation was answered, and who also in the stores' own words."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.pipeline.document_cache import read_roles
from resolvers.viewer import Role

_Roles = Annotated[tuple[Role, ...], BeforeValidator(read_roles)]


class ExplainSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: _Roles = Field(
        (Role.ANALYST, Role.SERVICE, Role.ADMIN),
        description="Roles that are told, with the header GraphQL-Explain: 1, how an operation was answered; "
        "separated by commas.",
    )
    statement_roles: _Roles = Field(
        (Role.ADMIN,),
        description="Roles among them that are also shown the statements that stores were sent.",
    )
