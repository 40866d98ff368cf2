"""Entrepot: an OCI registry and everything an organisation wants around it."""

__version__ = "0.1.0"
