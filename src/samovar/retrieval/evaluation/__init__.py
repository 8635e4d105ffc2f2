"""Measures retrieval and grounding on questions whose answers are known."""
