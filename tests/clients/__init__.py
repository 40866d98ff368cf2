"""A running registry, and the programs that people use with it."""
