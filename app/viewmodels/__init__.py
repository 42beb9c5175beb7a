"""What the views show and what they can ask for. QtCore only: no widget, no colour, no font."""
