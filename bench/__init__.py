"""Benchmarks: each figure is a ratio against something run beside it, in the same minutes, on the same server."""
