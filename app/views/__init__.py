"""Widgets, and only here. They show view models and ask them; they decide nothing."""
