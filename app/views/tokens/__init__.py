"""Where each token came from, and the rounds of a reply."""
