"""Ollama's own protocol, in the pieces from which its adapter is made.

Source of all of them: docs/api.md and api/types.go of github ollama/ollama, v0.33, 2026.
"""
