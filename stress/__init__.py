"""Pushes, pulls, deletes and collects from many processes at once, kills them, and proves that nothing was lost."""
