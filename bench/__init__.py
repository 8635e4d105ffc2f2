"""Measure Samovar against a direct connection to the same backend, in the same run."""
