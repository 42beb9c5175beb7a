"""Measuring: prompts, interleaved runs, what they come to, and replayed acceptance."""
