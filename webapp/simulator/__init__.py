"""A simulated ICA: the same HTTP API, for the demo, the tests and the benchmarks."""
