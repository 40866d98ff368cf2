"""The OCI distribution API (`/v2/`): distribution-spec 1.1, and what clients expect from Docker's registry v2."""
