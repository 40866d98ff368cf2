"""What things are: digests, references, manifests, projects, grants, events, and the error tree. No I/O, no HTTP."""
