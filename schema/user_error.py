"""User error: what the caller of a mutation can mend in its input."""

import strawberry

from resolvers.problem import Problem
from schema.enumeration import enumeration
from schema.fields import column
from schema.rule import Cost

enumeration(
    Problem,
    "Why nothing was changed.",
    OUT_OF_RANGE="A number, or how many of something there are, lies outside its bounds.",
    TOO_PRECISE="A number has more decimals than are kept.",
    INVALID_TEXT="A text is empty, too long, not printable or not of its form.",
    INVALID_METADATA="The metadata are no JSON object, too large, or hold what not every store can keep.",
    INCONSISTENT="Values that are good by themselves contradict each other.",
    UNKNOWN_CUSTOMER="There is no such customer that the caller may change.",
    UNKNOWN_MATERIAL="There is no material of this name.",
    UNKNOWN_USER="There is no user of this id.",
    NOT_ALLOWED="The caller's role may not do this.",
    NOTHING_TO_CHANGE="No value was given that would change anything.",
    STALE="It was changed by somebody else in the meantime.",
    KEY_REUSED="The idempotency key stands for another request of the caller.",
)


@strawberry.type(
    description="Something that the caller can mend in the input.", directives=[Cost(weight=0)]
)
class UserError:
    code: Problem = column(description="What is wrong, for programs.")
    message: str = column(description="What is wrong and what would be right, for people.")
    field: list[str] = column(description="Where in the arguments it is wrong.")
