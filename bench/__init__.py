"""Benchmarks: speed, memory and start, each beside a peer measured in the same run.  Nothing here is a test."""
