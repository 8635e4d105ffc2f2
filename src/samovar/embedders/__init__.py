"""Adapters to embedding models: one file per engine."""
