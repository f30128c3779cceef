"""A cluster of simulated collectors in one process: their streams, so cheap that thousands fit.

    python -m benchmarks.cluster --nodes 5000 --targets nodes.json

Node n listens on an address of its own (127.1.0.1 and on, one port for all) and answers pulls as a
collector does: acknowledgements, epochs, repetition, backlog, the same headers, the same gzip. What
node n has at sequence s follows from the plan, n and s alone, so no log is kept and any record can
be made again: that is the oracle of a test. Pods end and others take their place, containers
restart, counters grow by what a real collector saw (`recorded.lp`, made anew by
`python -m benchmarks.cluster.record`).

In a test, or a benchmark:

    plan = Plan(nodes=50, origin_ns=time.time_ns() - 3600 * 10**9, interval_ns=10**9, last=3700)
    with Simulator(plan) as cluster:          # a process of its own
        ... f"--nodes={','.join(cluster.urls)}" ...
        cluster.behave("3-7", "hangs")        # well, gone, hangs, drips, cuts
        cluster.stats()["records_waiting"]    # nothing waits once all is acknowledged
    for node in range(plan.nodes):
        for sequence in range(1, plan.last + 1):
            Sweeps(plan).lines(node, sequence)   # what the store has to have, and nothing else

    chance     the same random numbers for the same node, pod and sweep
    plan       what is simulated, and when each sweep is
    lives      pods end, containers restart
    figures    which numbers of a recorded line move, and how
    block      recorded lines with the moving numbers cut out
    sweep      the lines of one sweep
    logs       the nodes' logs: acknowledgements, batches
    requests   a node's answers            control    the simulator's own
    addresses  who listens where           behaviour  nodes in trouble
    server     the event loop              process    the simulator as a process of its own
"""
