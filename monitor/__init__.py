"""The ground: records, line protocol, rates, edge log, stores, aggregator, query API."""
