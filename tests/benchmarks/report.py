"""Report: what a run found, as a dated page with its plot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from tests.benchmarks.target import Target
from tests.benchmarks.workload import Workload

_ROW, _LABEL, _BAR = 18, 190, 420
_COLOURS = {"ours": "#2563eb", "ceiling": "#9ca3af", "peer": "#f59e0b"}


@dataclass(frozen=True, slots=True)
class Round:
    """One target's share of one round of one workload."""

    rate: float  # answers per second
    cpu_milliseconds: float  # of the server, per answer
    peak_megabytes: float
    latency_milliseconds: tuple[float, float]  # median and 99th of a hundred
    client_share: float  # of one core, used by the client


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds, and the largest of the peaks."""

    target: Target
    rounds: Sequence[Round]

    @property
    def rate(self) -> float:
        return median(each.rate for each in self.rounds)

    @property
    def cpu_milliseconds(self) -> float:
        return median(each.cpu_milliseconds for each in self.rounds)

    @property
    def peak_megabytes(self) -> float:
        return max(each.peak_megabytes for each in self.rounds)

    @property
    def latency_milliseconds(self) -> tuple[float, float]:
        halves, tails = zip(*(each.latency_milliseconds for each in self.rounds), strict=True)
        return median(halves), median(tails)


def page(
    title: str, facts: Iterable[str], found: Sequence[tuple[Workload, Sequence[Result]]], plot: str
) -> str:
    """Markdown; ``plot`` is the name of the file beside it."""
    parts = [f"# {title}\n", "\n".join(f"- {fact}" for fact in facts), f"\n![rates]({plot})\n"]
    for workload, results in found:
        parts.append(f"## {workload.name}\n\n{workload.about}\n")
        parts.append(_table(results))
    return "\n".join(parts) + "\n"


def _table(results: Sequence[Result]) -> str:
    fastest = max((each.rate for each in results if each.target.kind == "peer"), default=0.0)
    bare = {each.target.front: each.rate for each in results if each.target.kind == "ceiling"}
    lines = [
        "| target | answers/s | of the bare one | of the fastest peer | CPU ms | p50 ms | p99 ms | peak MB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for each in results:
        ceiling = bare.get(each.target.front, 0.0)
        half, tail = each.latency_milliseconds
        lines.append(
            f"| {each.target.name} | {each.rate:,.1f} | {_ratio(each.rate, ceiling)} "
            f"| {_ratio(each.rate, fastest)} | {each.cpu_milliseconds:.3f} | {half:.2f} | {tail:.2f} "
            f"| {each.peak_megabytes:.0f} |"
        )
    return "\n".join(lines) + "\n"


def _ratio(rate: float, base: float) -> str:
    return f"{rate / base:.2f}" if base else ""


def plot(found: Sequence[tuple[Workload, Sequence[Result]]]) -> str:
    """SVG: for each workload a bar for each target, in parts of the fastest."""
    rows: list[str] = []
    height = 8
    for workload, results in found:
        best = max(each.rate for each in results)
        height += _ROW
        rows.append(f'<text x="4" y="{height}" class="name">{escape(workload.name)}</text>')
        for each in results:
            height += _ROW
            width = max(1, round(_BAR * each.rate / best))
            rows.append(
                f'<text x="12" y="{height}">{escape(each.target.name)}</text>'
                f'<rect x="{_LABEL}" y="{height - 12}" width="{width}" height="14" '
                f'fill="{_COLOURS[each.target.kind]}"/>'
                f'<text x="{_LABEL + width + 6}" y="{height}">{each.rate:,.0f}/s</text>'
            )
        height += _ROW // 2
    style = "text{font:12px system-ui,sans-serif;fill:#374151}.name{font-weight:bold}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABEL + _BAR + 90}" '
        f'height="{height + 8}"><style>{style}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(rows)}</svg>\n"
    )
