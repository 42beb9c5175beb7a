"""Speculative decoding: prefill, rounds, plain steps, verification rules."""
