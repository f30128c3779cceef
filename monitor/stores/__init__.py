"""Stores: one way to write (line protocol), one way to read (raw samples), several dialects."""
