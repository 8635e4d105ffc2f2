"""Rich Text Format: its tokens, what its groups are for, and the blocks that come out."""
