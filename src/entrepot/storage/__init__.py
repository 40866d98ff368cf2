"""Bytes by key: one small contract; a folder, an object store or memory behind it."""
