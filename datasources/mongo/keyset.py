"""Keyset: a page's range and direction as a match and a sort that walk one index."""

from collections.abc import Mapping

from datasources.keyset import Keyset, Position
from datasources.mongo.driver import Document


def seek(keyset: Keyset, fields: Mapping[str, str]) -> list[Document]:
    """The conditions of the range; ``fields`` names the document's field of each column.

    The first column's bound makes the index range; the rest settles ties at its edge, which the
    server reads from the index without fetching documents.
    """
    names = [fields[column] for column in keyset.order.columns]
    return [
        condition
        for operator, position in keyset.bounds()
        for condition in _beyond("$lt" if operator == "<" else "$gt", names, position)
    ]


def walk(keyset: Keyset, fields: Mapping[str, str]) -> dict[str, int]:
    direction = -1 if keyset.walk_descending else 1
    return {fields[column]: direction for column in keyset.order.columns}


def _beyond(operator: str, names: list[str], position: Position) -> list[Document]:
    ties = [
        dict(zip(names[:index], position, strict=False)) | {name: {operator: position[index]}}
        for index, name in enumerate(names)
    ]
    return [{names[0]: {f"{operator}e": position[0]}}, {"$or": ties}]
