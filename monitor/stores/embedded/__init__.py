"""The store that needs nothing else: one SQLite file a UTC day, written by one process and read
by others at the same time.

How a file is laid out, and why, stands in `monitor.stores.embedded.schema`.
"""
