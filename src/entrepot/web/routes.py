"""Every page there is."""

from entrepot.web.pages import (
    account,
    artifact,
    project_pages,
    projects,
    repository,
    signing,
)
from entrepot.web.route import Route

ROUTES: tuple[Route, ...] = (
    *signing.ROUTES,
    *account.ROUTES,
    *projects.ROUTES,
    *project_pages.ROUTES,
    *repository.ROUTES,
    *artifact.ROUTES,
)
