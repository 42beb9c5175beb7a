"""From logits to tokens: the sampling transforms and the shared noise."""
