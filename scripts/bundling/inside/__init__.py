"""Files that lie in the bundle itself, or run with its Python."""
