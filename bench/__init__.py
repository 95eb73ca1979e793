"""Benchmarks: each prints figures and their ratio to something measured beside it, in one run.

A benchmark is a module with `measure()`, which yields lines. It runs on an installation of its own, as careful as a
real one, that Django is set up for.
"""
