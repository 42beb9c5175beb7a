"""The number of tokens that a round drafts, K: fixed, or chosen by auto."""
