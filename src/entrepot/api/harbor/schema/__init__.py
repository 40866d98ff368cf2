"""The bodies of Harbor's API, field by field as its contract has them.

What the contract marks `x-omitempty: false` has no default here, so it is always written.
"""
