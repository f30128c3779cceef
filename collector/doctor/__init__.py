"""What a collector sees on this node and what it does not, found out by trying."""
