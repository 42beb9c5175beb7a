"""Ways into a worker. None of them holds a rule."""
