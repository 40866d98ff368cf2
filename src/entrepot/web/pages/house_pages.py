"""Every page that belongs to nothing: one's account, jobs, activity, administration, search, the API."""

from entrepot.web.pages import (
    account,
    activity,
    admin_people,
    admin_robots,
    admin_rules,
    admin_store,
    explorer,
    job,
    jobs,
    search,
)
from entrepot.web.route import Route

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *jobs.ROUTES,
    *job.ROUTES,
    *activity.ROUTES,
    *admin_people.ROUTES,
    *admin_robots.ROUTES,
    *admin_rules.ROUTES,
    *admin_store.ROUTES,
    *search.ROUTES,
    *explorer.ROUTES,
)
