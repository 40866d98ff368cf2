"""A running registry and the programs that people use with it: docker, podman, skopeo, crane, oras, helm, cosign, jib."""
