"""The page of the state machines, drawn from the tables that the code goes by."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement

from app.container import MODELS

HEAD = """\
# State machines

<!-- Written by `waybill docs`; a test compares. -->

Orders, shipments and holds go the ways that are drawn here, and no others. Each machine is a table in its module's
`model.py`. The code goes by it, `GET …/transitions` tells it, this page is made from it, and the database has its rows:
a step of an order or a shipment that is none of them is refused there, too."""

ORDER = """\
## An order

`modules/sales/model.py`. A customer, or an operator, asks for `cancelling` (`POST /api/v1/orders/{id}/cancel`); all
other steps follow from what delivery tells. An order that was not cancelled after all goes back to where it was."""

SHIPMENT = """\
## A shipment

`modules/delivery/model/shipment.py`. The warehouse or the carrier reports a step (`POST /api/v1/shipments/{id}/status`); only
its order has a shipment cancelled. What failed may go out again. One that has not left can be split: what stays is as
far as it was, what goes begins anew."""

HOLD = """\
## A hold

`modules/product/model.py`. A hold is confirmed when its order is stored, and closed when nothing of it is held any
more: it was shipped, or released. A hold that no order will ever use is closed without having been confirmed. Its
database row is one of the three states; the steps are kept by the statements, which take both ends from the table."""

OF_ONE = """\
## What a parcel makes of its order

An order of one parcel is, by the status of that parcel:

| parcel | order |
|---|---|"""

OF_TWO = """\
An order of several parcels is as far as all of them together; cancelled ones do not count. Of two (where both are alike,
it is as of one):

| one parcel | the other | order |
|---|---|---|"""

REASONS = """\
## Why not

`GET /api/v1/orders/{id}/transitions` and `GET /api/v1/shipments/{id}/transitions` answer each status that is no step
with a reason. Besides "It has left" (too late to cancel), "Cancelling has to be asked for first" and "It is past that",
these are:

| | in | reason |
|---|---|---|"""


def page() -> str:
    """The page."""
    sales, delivery = MODELS["sales"], MODELS["delivery"]
    by = {to: "the customer" if to == "cancelling" else "" for to in sales.STEPS}
    parts = [
        HEAD,
        ORDER,
        diagram(sales.STEPS, by),
        SHIPMENT,
        diagram(delivery.STEPS, delivery.BROUGHT_BY),
        HOLD,
        diagram(MODELS["product"].HOLD_STEPS, {}),
        "\n".join([OF_ONE, *(f"| `{part}` | `{order}` |" for part, order in sales.OF_PART.items())]),
        "\n".join([OF_TWO, *_of_two()]),
        "\n".join([REASONS, *_reasons("order", sales.LACKS), *_reasons("shipment", delivery.LACKS)]),
    ]
    return "\n\n".join(parts) + "\n"


def diagram(steps: Mapping[str, Sequence[str]], by: Mapping[str, str]) -> str:
    """A machine as Mermaid draws it: it begins with the first status, and ends where no step leads on."""
    lines = [f"[*] --> {next(iter(steps))}"]
    for status, after in steps.items():
        lines += [f"{status} --> {to}{f' : {by[to]}' if by.get(to) else ''}" for to in after]
    lines += [f"{status} --> [*]" for status, after in steps.items() if not after]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```"])


def _of_two() -> Iterator[str]:
    sales = MODELS["sales"]
    for one, other in combinations_with_replacement(sales.OF_PART, 2):
        order = sales.of_parts((one, other))
        if sales.OF_PART[one] != sales.OF_PART[other]:
            yield f"| `{one}` | `{other}` | `{order}` |"


def _reasons(what: str, lacks: Mapping[str, str]) -> Iterator[str]:
    for status, reason in lacks.items():
        yield f"| {what} | `{status}` | {reason} |"
