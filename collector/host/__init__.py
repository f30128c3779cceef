"""The host's own figures, read through psutil: rows of `node` and `machine`."""
