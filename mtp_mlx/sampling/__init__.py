"""From logits to tokens: the sampling transforms, and the noise that target and drafter share."""
