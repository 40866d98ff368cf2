"""Wire formats: each turns requests into operations, and the error tree into its own status codes."""
