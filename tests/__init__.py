"""Weir's tests; the packages beside mirror those of the product."""
