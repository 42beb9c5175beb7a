"""One prompt with MTP off and on, as a race."""
