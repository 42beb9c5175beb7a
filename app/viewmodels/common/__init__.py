"""What several rooms use: the engine's state, the MTP switch, formats."""
