"""Caches of keys and values that can be trimmed. Only this package touches a cache's arrays."""
