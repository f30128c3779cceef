"""Where samples are kept: one Writer and one Reader protocol, and a package for each store."""
