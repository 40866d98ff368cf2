"""Distribution's token endpoint, and the keys that its tokens are signed with."""
