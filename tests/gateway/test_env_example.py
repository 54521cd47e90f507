"""The file .env.example: every setting with its meaning, unit and default, and nothing else."""

import textwrap
from pathlib import Path

from gateway.settings import Setting, catalogue

FILE = Path(__file__).parents[2] / ".env.example"
HEAD = """\
# Every setting of the gateway. Copy this file to .env, or set the names in the environment, which wins.
# A line that begins with #NAME= shows the default. Sizes are in bytes and times in seconds where the name
# says so. An unknown GATEWAY_ name stops the start.
"""


def example() -> str:
    parts = [HEAD]
    part = None
    for setting in catalogue():
        if setting.path[:-1] != part:
            part = setting.path[:-1]
            parts.append(f"\n# --- {part[0] if part else 'gateway'} ---\n")
        parts.append(_entry(setting))
    return "".join(parts)


def _entry(setting: Setting) -> str:
    description = setting.field.description
    assert description, f"{setting.name} has no description"
    meaning = textwrap.fill(description, 100, initial_indent="# ", subsequent_indent="# ")
    if setting.required:
        return f"{meaning}\n{setting.name}=\n"
    default = "" if setting.default is None else setting.default
    return f"{meaning}\n#{setting.name}={default}\n"


def test_the_file_says_what_the_settings_are() -> None:
    assert FILE.read_text() == example()
