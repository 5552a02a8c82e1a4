"""Python's cyclic garbage collector, as a process that serves wants it."""

import gc

THRESHOLDS = (50_000, 20, 100)


def collect_rarely() -> None:
    """Leave alone what is there by now, and look for cycles among what comes seldom: that spoils the slowest answers."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(*THRESHOLDS)
