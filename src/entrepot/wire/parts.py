"""What the management API and the pages work on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrepot.access.gate import Gate
from entrepot.access.management import ManagementGate
from entrepot.access.sessions import Sessions
from entrepot.registry.accounts import Accounts
from entrepot.registry.allowlists import Allowlists
from entrepot.registry.arrivals import Arrivals
from entrepot.registry.artifacts import Artifacts
from entrepot.registry.audit import Audit
from entrepot.registry.configuration import Configuration
from entrepot.registry.copies import Copies
from entrepot.registry.directory import Directory
from entrepot.registry.finding import Finding
from entrepot.registry.forecast import Forecasts
from entrepot.registry.groups import Groups
from entrepot.registry.holds import Holds
from entrepot.registry.image_comparison import ImageComparison
from entrepot.registry.images import Images
from entrepot.registry.immutable_rules import ImmutableRules
from entrepot.registry.job_monitor import JobMonitor
from entrepot.registry.jobs import Jobs
from entrepot.registry.labels import Labels
from entrepot.registry.layer_files import LayerFiles
from entrepot.registry.layers import ImageLayers
from entrepot.registry.limits import Limits
from entrepot.registry.memberships import Memberships
from entrepot.registry.pictures import Pictures
from entrepot.registry.previews import Previews
from entrepot.registry.project_changes import ProjectChanges
from entrepot.registry.quarantine import Quarantine
from entrepot.registry.repositories import Repositories
from entrepot.registry.retention import Retention
from entrepot.registry.retention_runs import RetentionRuns
from entrepot.registry.robots import Robots
from entrepot.registry.tag_history import TagHistory
from entrepot.registry.trash import Trash
from entrepot.registry.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The gates and the operations."""

    gate: Gate
    management: ManagementGate
    sessions: Sessions
    configuration: Configuration
    accounts: Accounts
    directory: Directory
    finding: Finding
    project_changes: ProjectChanges
    memberships: Memberships
    labels: Labels
    audit: Audit
    robots: Robots
    groups: Groups
    limits: Limits
    allowlists: Allowlists
    repositories: Repositories
    artifacts: Artifacts
    copies: Copies
    image_layers: ImageLayers
    layer_files: LayerFiles
    image_comparison: ImageComparison
    images: Images
    pictures: Pictures
    quarantine: Quarantine
    usage: Usage
    jobs: Jobs
    job_monitor: JobMonitor
    trash: Trash
    tag_history: TagHistory
    holds: Holds
    arrivals: Arrivals
    forecasts: Forecasts
    immutable_rules: ImmutableRules
    retention: Retention
    retention_runs: RetentionRuns
    previews: Previews
    probes: Mapping[str, Callable[[], Awaitable[None]]]
    """By name, what returns if a part works, and raises EntrepotError if not."""
    api_document: Callable[[], Mapping[str, Any]]
    """The OpenAPI document of the management API. The first call takes a second: leave it to a thread."""
    public_url: str
    """Where clients find the registry; empty: under whatever address they used."""
    storage_provider: str
    """What blobs are kept in: `filesystem`, `s3` and so on."""
    data: Path
    """A folder on the disk that the registry fills."""
