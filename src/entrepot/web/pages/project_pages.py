"""The pages that a project has beside its repositories."""

from entrepot.web.pages import (
    holds,
    labels,
    members,
    never_change,
    project_activity,
    project_settings,
    quota,
    retention,
    retention_runs,
    robots,
    trash,
)
from entrepot.web.route import Route

ROUTES: tuple[Route, ...] = (
    *members.ROUTES,
    *robots.ROUTES,
    *never_change.ROUTES,
    *holds.ROUTES,
    *retention.ROUTES,
    *retention_runs.ROUTES,
    *quota.ROUTES,
    *labels.ROUTES,
    *project_activity.ROUTES,
    *trash.ROUTES,
    *project_settings.ROUTES,
)
