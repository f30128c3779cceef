"""Questions to a store: validated parameters, raw samples, rates computed while reading."""
