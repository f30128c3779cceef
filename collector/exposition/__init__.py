"""The page for Prometheus: the newest rows in its text format, by cAdvisor's names and labels."""

from collector.exposition.page import CONTENT_TYPE, Exposition

__all__ = ["CONTENT_TYPE", "Exposition"]
