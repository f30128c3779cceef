"""The `weir` command: wires the parts into processes."""
