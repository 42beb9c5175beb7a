"""The desktop program: views over view-models over a pipe to the engine. Knows nothing of MLX."""
