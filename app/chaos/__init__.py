"""Faults on purpose, and an oracle that says what became of what was promised meanwhile."""
