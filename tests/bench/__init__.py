"""Measurements, never run as tests: `make bench` writes docs/benchmarks.md."""
