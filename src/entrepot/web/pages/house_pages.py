"""Every page that belongs to nothing: one's account, jobs, activity, administration, search."""

from entrepot.web.pages import account, job, jobs
from entrepot.web.route import Route

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *jobs.ROUTES,
    *job.ROUTES,
)
