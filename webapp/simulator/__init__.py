"""ICA in a box: a stand-in for Illumina's API, for the demo, the tests and the benchmarks."""
