"""Parsers, one file per format; they run in the sandbox and nowhere else."""
