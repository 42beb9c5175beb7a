"""Speculative decoding proper: draft, verify, accept, rewind. Knows only the two protocols."""
