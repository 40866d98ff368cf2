"""The operations that are served, by id: made once, as the document of them takes seconds."""

from form import documented

from entrepot.api.harbor.app import served

SERVED = documented(served())
