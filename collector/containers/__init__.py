"""Finds containers and what they are called."""
