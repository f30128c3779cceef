"""How much space a container's writable layer takes; optional, and found in the background."""
