"""Model files: what they hold, what memory they need, where they come from."""
