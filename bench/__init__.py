"""Entrepot beside the other registries: the same content, the same requests, one machine, at the same time."""
