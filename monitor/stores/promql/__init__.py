"""Stores that speak PromQL, for reading: Prometheus, Mimir, Thanos, VictoriaMetrics.

reader      PromqlReader: fields are series of their own there, joined here
instant     raw samples by an instant query of a range
server      requests, and what a refusal means
selector    the one selector that is asked for, built from quoted parts
document    the series of an answer, taken out of its JSON one by one
joined      the fields' series as Samples
"""
