"""More demand than there is stock, the same for the same seed, and what must have come of it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

SHIP_TO = {"name": "Somebody", "line1": "1 Street", "city": "Town", "country": "DE"}
SINGLE, MIXED = [f"ONE-{n:02}" for n in range(50)], [f"MIX-{n:02}" for n in range(50)]
REPEATED = 20  # each how many'th order is sent twice, at some time

Quantities = Mapping[str, int]


@dataclass(frozen=True)
class Demand:
    """Orders by their keys, in the order in which they are sent, some of them twice; and what there is to sell."""

    orders: Mapping[str, Quantities]
    sent: Sequence[str]
    stock: Quantities


@dataclass(frozen=True)
class Outcome:
    """What came of it: the ids that each key was answered, the keys that were refused, what is stored and counted.

    `short` has, for each refusal, the key and each SKU with what was left of it.
    """

    placed: Mapping[str, set[str]]
    short: Sequence[tuple[str, Quantities]]
    stored: Mapping[str, Quantities]
    on_hand: Quantities
    held: Quantities
    others: Sequence[str] = field(default=())


def demanded(orders: int, seed: int = 7) -> Demand:
    """Twice as many single pieces as there are, and baskets of several lines, together so many orders."""
    dice = Random(seed)  # noqa: S311  # a load, not a secret
    asked = [{sku: 1} for sku in _twice(SINGLE, orders // 2, dice)]
    baskets = [_basket(dice) for _ in range(orders - len(asked))]
    wanted = Counter[str]()
    for basket in baskets:
        wanted.update(basket)
    stock = {sku: demand // 2 for sku, demand in Counter(sku for one in asked for sku in one).items()}
    stock |= {sku: wanted[sku] // 2 for sku in MIXED}
    everything = [*asked, *baskets]
    dice.shuffle(everything)
    keyed = {f"load-{seed}-{number}": quantities for number, quantities in enumerate(everything)}
    sent = [*keyed, *list(keyed)[::REPEATED]]
    dice.shuffle(sent)
    return Demand(keyed, sent, stock)


def _twice(skus: Sequence[str], number: int, dice: Random) -> Iterator[str]:
    """Each SKU an even number of times, so that exactly half of it is there; about `number` in all."""
    for _ in range(number // 2):
        sku = dice.choice(skus)
        yield sku
        yield sku


def _basket(dice: Random) -> Quantities:
    return {sku: dice.randint(1, 3) for sku in dice.sample(MIXED, dice.randint(1, 5))}


def body_of(quantities: Quantities) -> bytes:
    """The order as it is sent."""
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    return json.dumps({"lines": lines, "ship_to": SHIP_TO}).encode()


def heard(answers: Sequence[tuple[str, Any]]) -> tuple[dict[str, set[str]], list[tuple[str, Quantities]], list[str]]:
    """What each answer to a key says: an order's id, what was short, or something that it must not say."""
    placed: dict[str, set[str]] = defaultdict(set)
    short: list[tuple[str, Quantities]] = []
    others: list[str] = []
    for key, said in answers:
        if said.get("status") == "placed" or "placed_at" in said:
            placed[key].add(said["id"])
        elif said.get("code") == "product.out_of_stock":
            short.append((key, {line["sku"]: line["available_quantity"] for line in said["lines"]}))
        else:
            others.append(f"{key} was answered {said}")
    return placed, short, others


def faults(demand: Demand, outcome: Outcome) -> Iterator[str]:
    """A sentence for each thing that must not be."""
    yield from outcome.others
    yield from _of_keys(demand, outcome)
    yield from _of_stock(demand, outcome)
    yield from _of_refusals(demand, outcome)


def _of_keys(demand: Demand, outcome: Outcome) -> Iterator[str]:
    for key, ids in outcome.placed.items():
        if len(ids) != 1:
            yield f"{key} was answered with {len(ids)} orders"
        for order_id in ids:
            if outcome.stored.get(order_id) != demand.orders[key]:
                yield f"{key} was acknowledged as {order_id} and is stored as {outcome.stored.get(order_id)}"
    acknowledged = {order_id for ids in outcome.placed.values() for order_id in ids}
    yield from (f"{order_id} is stored and was never acknowledged" for order_id in outcome.stored.keys() - acknowledged)
    refused = {key for key, _ in outcome.short}
    yield from (
        f"{key} was neither placed nor refused" for key in demand.orders.keys() - outcome.placed.keys() - refused
    )


def _of_stock(demand: Demand, outcome: Outcome) -> Iterator[str]:
    sold = Counter[str]()
    for quantities in outcome.stored.values():
        sold.update(quantities)
    for sku, stock in demand.stock.items():
        if sold[sku] > stock:
            yield f"oversold: {sold[sku]} {sku} of {stock}"
        if sku in SINGLE and sold[sku] < stock:
            yield f"{stock - sold[sku]} {sku} were left though twice as many were wanted"
        if (outcome.on_hand.get(sku), outcome.held.get(sku)) != (stock, sold[sku]):
            yield f"{sku}: {outcome.held.get(sku)} of {outcome.on_hand.get(sku)} held, and {sold[sku]} of {stock} sold"


def _of_refusals(demand: Demand, outcome: Outcome) -> Iterator[str]:
    """Nothing was given back meanwhile, so whatever was short is short at the end."""
    for key, short in outcome.short:
        wanted = demand.orders[key]
        if not short or any(short[sku] >= wanted[sku] for sku in short):
            yield f"{key} was refused, and what was short, {dict(short)}, is enough for {dict(wanted)}"
        if key not in outcome.placed and all(
            demand.stock[sku] - outcome.held.get(sku, 0) >= quantity for sku, quantity in wanted.items()
        ):
            yield f"{key} was refused and could be had to the end: {dict(wanted)}"
