"""Adapters to re-ranking models: one file per protocol."""
