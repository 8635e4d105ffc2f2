"""Who may come in: one-time links, sessions and keys."""
