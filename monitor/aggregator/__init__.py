"""The aggregator: a pipe from the nodes' logs to the store, which keeps nothing.

config        the settings
node          what is remembered of a node: a few numbers, never a sample
schedule      which node is due; slow ones wait in a lane of their own
backoff       pauses that grow, with jitter
gate          the store, and the pause of everything while it cannot be written
group_commit  many nodes' bodies in one write
quarantine    bodies that the store will never take, with its reason
pipe          one step: pull, write, and only then move the cursor
telemetry     the aggregator's own metrics
targets       the state of every node in words
service       Aggregator: all of it, started and stopped
"""
