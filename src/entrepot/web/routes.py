"""Every page there is."""

from entrepot.web.pages import (
    artifact,
    artifact_layers,
    compare,
    house_pages,
    project_pages,
    projects,
    repository,
    repository_about,
    selection,
    signing,
    undo,
)
from entrepot.web.route import Route

ROUTES: tuple[Route, ...] = (
    *signing.ROUTES,
    *house_pages.ROUTES,
    *projects.ROUTES,
    *project_pages.ROUTES,
    *repository.ROUTES,
    *repository_about.ROUTES,
    *selection.ROUTES,
    *undo.ROUTES,
    *artifact.ROUTES,
    *artifact_layers.ROUTES,
    *compare.ROUTES,
)
