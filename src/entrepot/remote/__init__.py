"""Services beyond the registry that it speaks to."""
