"""From a prompt to a stream of rounds: prefill, decoding, stopping, depth and statistics."""
