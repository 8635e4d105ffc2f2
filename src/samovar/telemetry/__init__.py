"""What Samovar tells about itself: structured logs without content, and metrics."""
