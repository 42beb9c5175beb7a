"""Benchmarks: prompts, interleaved runs, their report, replayed acceptance and calibration."""
