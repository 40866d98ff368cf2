"""What the management API's operations work on."""

from dataclasses import dataclass

from entrepot.access.gate import Gate
from entrepot.access.management import ManagementGate
from entrepot.access.sessions import Sessions
from entrepot.registry.accounts import Accounts
from entrepot.registry.configuration import Configuration
from entrepot.registry.labels import Labels
from entrepot.registry.memberships import Memberships
from entrepot.registry.people import People
from entrepot.registry.projects import Projects


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The gates and the operations."""

    gate: Gate
    management: ManagementGate
    sessions: Sessions
    configuration: Configuration
    accounts: Accounts
    people: People
    projects: Projects
    memberships: Memberships
    labels: Labels
