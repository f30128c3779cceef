"""The aggregator: a pipe from the nodes' logs to the store, which keeps nothing.

config        the settings
node          what is remembered of a node: a few numbers, never a sample
cadence       when a node has its next record, learned from its pace
roster        the nodes that are pulled now; they come and go
lanes         which node is due: live ones, those with a backlog, slow ones
schedule      the nodes between the workers
backoff       pauses that grow, with jitter
gate          the store, and the pause of everything while it cannot be written
group_commit  many nodes' bodies in one write
in_flight     how many bytes may be on their way
bisection     which lines of a body the store refuses
quarantine    those lines, kept with the store's reason (quarantine_file: how, _retry: once more)
settling      when a record may be acknowledged: at once, or later where the store may forget
store_watch   whether such a store was started anew, and what it dropped
pipe          one step: pull, write, and only then move the cursor
telemetry     the aggregator's own metrics
state         the state of a node, as a word and in words
node_metrics  the nodes in all, and each, for /metrics
targets       the state of every node, as /api/v1/targets tells it
service       Aggregator: all of it, started and stopped
"""
