"""The named steps of an order's way, at each of which a process is made to die, or to lose an answer."""

from dataclasses import dataclass

from app.failpoints import KILL, LOSE


@dataclass(frozen=True, slots=True)
class Step:
    """A place on the way, what people call it, and what happens there."""

    place: str
    meaning: str
    fault: str

    @property
    def module(self) -> str:
        """Whose process it is that comes there."""
        return self.place.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.place}, {self.fault}"


def _both(place: str, meaning: str) -> tuple[Step, Step]:
    return Step(place, meaning, KILL), Step(place, meaning, LOSE)


STEPS: tuple[Step, ...] = (
    Step("sales.before_availability", "before product is asked to hold", KILL),
    *_both("sales.after_availability", "after product holds"),
    Step("sales.order.before_commit", "before the order's COMMIT", KILL),
    *_both("sales.order.after_commit", "after the order's COMMIT, before its answer"),
    Step("sales.before_publish", "before sales' events are on the bus", KILL),
    *_both("sales.after_publish", "after sales' events are on the bus, before that is noted"),
    Step("delivery.before_publish", "before delivery's events are on the bus", KILL),
    *_both("delivery.after_publish", "after delivery's events are on the bus, before that is noted"),
    *(
        step
        for module in ("delivery", "product", "sales")
        for step in (
            Step(f"{module}.handler.before_commit", f"before {module} commits what an event does", KILL),
            *_both(f"{module}.handler.after_commit", f"after {module} committed that, before it is acknowledged"),
        )
    ),
    Step("product.before_settle", "before product asks what became of a hold", KILL),
    *_both("product.after_settle", "after sales has decided, before product acts on it"),
    Step("sales.settle.before_commit", "before sales' decision is committed", KILL),
    *_both("sales.settle.after_commit", "after sales' decision is committed, before its answer"),
)
"""In the order of an order's way."""

ABOUT_HOLDS = ("product.before_settle", "product.after_settle", "sales.settle")
"""Places that are come to only where a hold is left behind."""
