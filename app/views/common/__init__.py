"""Widgets, looks and commands that several rooms use."""
