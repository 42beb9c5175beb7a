"""Gemma 4: configurations, weights, the target and the drafter that reads its cache."""
