"""Shipped prompts, and files of examples: read, chosen from and written for other programs."""
