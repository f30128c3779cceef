"""InfluxDB 1.x, 2.x and 3 as the store: line protocol in, InfluxQL out.

Both go through the `ApiClient` of influxdb-client with raw bytes. Its batching writer is never
used: it holds samples in memory without bound while the store is away, and drops them at close.
"""
