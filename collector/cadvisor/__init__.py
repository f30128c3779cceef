"""cAdvisor's REST API, so that its clients find in a collector what they know.

Shapes, names, units and statuses are cAdvisor 0.60's (github.com/google/cadvisor: info/v1, info/v2,
lib/model, cmd/internal/api). Nothing is held for it: what is there now comes from the newest sweep,
history is read from the edge log.

    routes      the paths of each version, and how errors are said
    requests    parameters and bodies, checked
    gotime      times and durations as Go writes them
    containers  what runs now: names, aliases, what is below what
    history     samples of containers, from the newest back
    stats       a sample as ContainerStats: the table from Weir's names to cAdvisor's
    spec        a container's limits as ContainerSpec
    v1          answers of v1.0 to v1.3
    v2          answers of v2.0 and v2.1
    summary     percentiles of the last minute, hour and day
    events      what happened to containers, past and as it comes
    machine     the machine's hardware
"""
