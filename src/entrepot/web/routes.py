"""Every page there is."""

from entrepot.web.pages import account, artifact, projects, repository, signing
from entrepot.web.route import Route

ROUTES: tuple[Route, ...] = (
    *signing.ROUTES,
    *account.ROUTES,
    *projects.ROUTES,
    *repository.ROUTES,
    *artifact.ROUTES,
)
