"""What the demo shows: what happened when, how long each step took, and whether the promises held."""

import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

STEPS = ("placed", "confirmed", "packed", "shipped", "delivered")
MEANING = {
    "placed": "request to 201",
    "confirmed": "201 to the stream",
    "packed": "report to the stream",
    "shipped": "report to the stream",
    "delivered": "report to the stream",
}


@dataclass(slots=True)
class Report:
    """Collects while the demo runs; `quiet` keeps stdout free."""

    quiet: bool = False
    began: float = field(default_factory=time.monotonic)
    took_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, str] = field(default_factory=dict)
    delivered: list[str] = field(default_factory=list)
    promises: list[tuple[str, bool, str]] = field(default_factory=list)
    console: Console = field(default_factory=lambda: Console(highlight=False))

    def __post_init__(self) -> None:
        if self.quiet:
            self.console = Console(stderr=True, highlight=False)

    def say(self, what: str) -> None:
        """A line of the timeline."""
        self.console.print(f"{time.monotonic() - self.began:7.2f} s  {what}", soft_wrap=True)

    def step(self, name: str, seconds: float) -> None:
        """An order's step took so long."""
        self.took_ms[name].append(seconds * 1000)

    def promise(self, name: str, fault: str | None, proof: str) -> None:
        """A promise holds, by `proof`, unless there is a `fault`."""
        self.promises.append((name, fault is None, fault or proof))

    @property
    def holds(self) -> bool:
        """Whether every promise was checked and held."""
        return bool(self.promises) and all(held for _, held, _ in self.promises)

    def print_end(self) -> None:
        """Print the steps' times, who was refused, and the promises."""
        from entrypoints.cli.acting import print_table

        rows = [
            [step, len(times), f"{statistics.median(times):.1f}", f"{max(times):.1f}", MEANING[step]]
            for step in STEPS
            if (times := self.took_ms.get(step))
        ]
        print_table(["step", "orders", "median ms", "slowest ms", "from … to"], rows)
        shown = list(self.refused.items())
        for name, why in shown[:10]:
            self.console.print(f"refused  {name}: {why}", soft_wrap=True)
        if len(shown) > 10:  # noqa: PLR2004  # a screenful
            self.console.print(f"refused  … and {len(shown) - 10} more, each named with --json")
        for name, held, why in self.promises:
            mark = "[green]holds [/]" if held else "[red]BROKEN[/]"
            self.console.print(f"{mark}   {name}: {why}", soft_wrap=True)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "delivered": self.delivered,
            "refused": self.refused,
            "steps": {
                step: {"orders": len(times), "median_ms": statistics.median(times), "slowest_ms": max(times)}
                for step, times in self.took_ms.items()
            },
            "promises": [{"promise": name, "holds": held, "why": why} for name, held, why in self.promises],
            "took_s": time.monotonic() - self.began,
        }
