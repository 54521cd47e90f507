"""Structured fields: reads lists of strings with parameters, strictly, as RFC 9651 writes them."""

import re

Parameters = dict[str, str | int]

_STRING = r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"'
_PARAMETER = re.compile(rf";[ ]*([a-z*][a-z0-9_\-.*]*)=(?:(-?\d{{1,15}})(?![\d.])|{_STRING})")
_ITEM = re.compile(_STRING)
_COMMA = re.compile(r"[ \t]*,[ \t]*(?=.)")


def read_list(text: str) -> dict[str, Parameters]:
    """Each item's parameters; raises ``ValueError`` where the text is no such list."""
    found: dict[str, Parameters] = {}
    position = 0
    while True:
        item = _ITEM.match(text, position)
        if item is None:
            raise ValueError(f"no string at {position} of {text!r}")
        parameters: Parameters = {}
        position = item.end()
        while parameter := _PARAMETER.match(text, position):
            name, number, string = parameter.groups()
            parameters[name] = int(number) if number is not None else string
            position = parameter.end()
        found[item[1]] = parameters
        if position == len(text):
            return found
        comma = _COMMA.match(text, position)
        if comma is None:
            raise ValueError(f"no comma at {position} of {text!r}")
        position = comma.end()
