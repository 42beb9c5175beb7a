"""The conversation: what is shown of it and what can be asked."""
