"""Measuring a loaded pair: what its passes cost, and how fast its replies come."""
