"""View models and helpers that several rooms use: engine state, MTP switch, undo, formats."""
