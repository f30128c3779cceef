"""VictoriaMetrics as the store: line protocol in, raw samples out.

writer      VictoriaWriter: a body goes out as it came
export      raw samples by its export, for the reader of `monitor.stores.promql`
status      its /metrics: since when it runs, what it dropped, how it was started
"""
