"""Benchmarks. ``make bench`` prints ratios within one run; no test depends on them."""
