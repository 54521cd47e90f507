"""User: the account that signs in for a customer."""

from datetime import datetime

import strawberry

from schema.fields import column
from schema.relay import Node, identity


@strawberry.type(description="An account that signs in on behalf of a customer.")
class User(Node):
    id: strawberry.ID = identity("User")
    email: str = column(description="The address that the account signs in with, unique.")
    is_active: bool = column(description="Whether the account may sign in.")
    created_at: datetime = column(description="When the account was made.")
