"""Benchmarks: `python -m benchmarks.NAME [--quick]`; exit code 1 where a bound is broken."""
