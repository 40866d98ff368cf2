"""The conformance program of the OCI distribution specification."""
