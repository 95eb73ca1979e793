"""Benchmarks: each prints figures and their ratio to something measured beside it, in one run."""
