"""The operations on blobs, manifests, tags and repositories. Each takes a Grant."""
