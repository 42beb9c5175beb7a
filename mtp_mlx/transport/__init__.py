"""Transports: they carry requests to a host and its events back, and decide nothing."""
