"""What every process that listens shares: server, guard, a small app, its own telemetry."""
