"""Model servers, one file each; ``registry`` finds them by file name."""
