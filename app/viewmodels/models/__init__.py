"""People's own models: which pair is loaded, which were, and what lies on the disk."""
