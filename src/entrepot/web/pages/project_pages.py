"""The pages that a project has beside its repositories."""

from entrepot.web.pages import trash
from entrepot.web.route import Route

ROUTES: tuple[Route, ...] = (*trash.ROUTES,)
