"""Reads cgroups: hierarchies, files, parsers."""
