"""The real parts that tests run against: each starts its own, and ends exactly what it started."""
