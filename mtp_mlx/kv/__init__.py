"""Caches of keys and values that rewind. Only this package touches cache internals."""
