"""The ground of Weir: records, catalogue, line protocol, rates, edge log, stores, aggregator, query API."""
