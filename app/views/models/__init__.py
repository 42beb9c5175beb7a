"""People's own models: the chooser in the toolbar, and the offer of a chat's own pair."""
