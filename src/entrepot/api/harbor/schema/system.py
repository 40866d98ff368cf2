"""Bodies about the system."""

from msgspec import Struct
from msgspec import field as struct_field

from entrepot.api.harbor.schema.project import Project
from entrepot.api.harbor.values import DateTime, Int64, Number, Uint64


class SearchRepository(Struct, omit_defaults=True):
    """A repository that a search found."""

    project_id: Number = 0
    project_name: str = ""
    project_public: bool = False
    repository_name: str = ""
    pull_count: Number = 0
    artifact_count: Number = 0


class Search(Struct, omit_defaults=True):
    """What a search found."""

    project: list[Project]
    repository: list[SearchRepository]


class Statistic(Struct, omit_defaults=True):
    """What there is, in figures."""

    private_project_count: Int64
    private_repo_count: Int64
    public_project_count: Int64
    public_repo_count: Int64
    total_project_count: Int64
    total_repo_count: Int64
    total_storage_consumption: Int64


class AuthproxySetting(Struct, omit_defaults=True):
    """How sign-in through an authentication proxy is set up."""

    endpoint: str = ""
    tokenreivew_endpoint: str = ""
    skip_search: bool = False
    verify_cert: bool = False
    server_certificate: str = ""


class GeneralInfo(Struct, omit_defaults=True):
    """What anybody may know of the system."""

    banner_message: str | None = None
    current_time: DateTime | None = None
    registry_url: str | None = None
    external_url: str | None = None
    auth_mode: str | None = None
    primary_auth_mode: bool | None = None
    project_creation_restriction: str | None = None
    self_registration: bool | None = None
    has_ca_root: bool | None = None
    harbor_version: str | None = None
    registry_storage_provider_name: str | None = None
    read_only: bool | None = None
    notification_enable: bool | None = None
    authproxy_settings: AuthproxySetting | None = None
    oidc_provider_name: str | None = None


class Storage(Struct, omit_defaults=True):
    """One disk, in bytes."""

    total: Uint64 = 0
    free: Uint64 = 0


class SystemInfo(Struct, omit_defaults=True):
    """The disks."""

    storage: list[Storage] = struct_field(default_factory=list)


class ComponentHealthStatus(Struct, omit_defaults=True):
    """Whether one part works."""

    name: str = ""
    status: str = ""
    error: str = ""


class OverallHealthStatus(Struct, omit_defaults=True):
    """Whether all works."""

    status: str = ""
    components: list[ComponentHealthStatus] = struct_field(default_factory=list)


class Icon(Struct, omit_defaults=True):
    """A picture."""

    content_type: str = struct_field(default="", name="content-type")
    content: str = ""


class AuditLog(Struct, omit_defaults=True):
    """An entry of the audit, in the old form."""

    id: Number = 0
    username: str = ""
    resource: str = ""
    resource_type: str = ""
    operation: str = ""
    op_time: DateTime = ""


class AuditLogExt(Struct, omit_defaults=True):
    """An entry of the audit."""

    operation_result: bool
    id: Number = 0
    username: str = ""
    resource: str = ""
    resource_type: str = ""
    operation: str = ""
    operation_description: str = ""
    op_time: DateTime = ""


class AuditLogEventType(Struct, omit_defaults=True):
    """A kind of entry."""

    event_type: str = ""
