"""What roles are called on pages."""

from entrepot.model.project import Role
from entrepot.web.errors import N_

ROLE_NAMES = {
    Role.PROJECT_ADMIN: N_("Project admin"),
    Role.MAINTAINER: N_("Maintainer"),
    Role.DEVELOPER: N_("Developer"),
    Role.GUEST: N_("Guest"),
    Role.LIMITED_GUEST: N_("Limited guest"),
}
"""The strongest first; sentences to be translated."""
