"""Letters: their headers and their parts."""
