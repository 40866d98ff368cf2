"""Bodies about projects."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec import field as struct_field

from entrepot.api.harbor.schema.people import UserGroup
from entrepot.api.harbor.values import DateTime, Int32, Int64, Number


class ProjectMetadata(Struct, omit_defaults=True):
    """A project's settings, all of them texts."""

    public: str = ""
    enable_content_trust: str | None = None
    enable_content_trust_cosign: str | None = None
    prevent_vul: str | None = None
    severity: str | None = None
    auto_scan: str | None = None
    auto_sbom_generation: str | None = None
    reuse_sys_cve_allowlist: str | None = None
    retention_id: str | None = None
    proxy_speed_kb: str | None = None
    max_upstream_conn: str | None = None
    proxy_cache_local_on_not_found: str | None = None
    proxy_referrer_api: str | None = None
    proxy_cache_filter_pattern: str | None = None
    proxy_cache_filter_kind: str | None = None


class CVEAllowlistItem(Struct, omit_defaults=True):
    """One vulnerability."""

    cve_id: str = ""


class CVEAllowlist(Struct, omit_defaults=True):
    """Vulnerabilities that are put up with."""

    id: Number = 0
    project_id: Number = 0
    expires_at: Number | None = None
    items: list[CVEAllowlistItem] = struct_field(default_factory=list)
    creation_time: DateTime = ""
    update_time: DateTime = ""


class ProjectReq(Struct, omit_defaults=True):
    """A project to be made or changed."""

    project_name: Annotated[str, Meta(max_length=255)] = ""
    public: bool | None = None
    metadata: ProjectMetadata | UnsetType = UNSET
    cve_allowlist: CVEAllowlist | UnsetType = UNSET
    storage_limit: Int64 | None = None
    registry_id: Int64 | None = None


class Project(Struct, omit_defaults=True):
    """A project."""

    repo_count: Number
    project_id: Int32 = 0
    owner_id: Int32 = 0
    name: str = ""
    registry_id: Int64 = 0
    creation_time: DateTime = ""
    update_time: DateTime = ""
    deleted: bool = False
    owner_name: str = ""
    togglable: bool = False
    current_user_role_id: Number = 0
    current_user_role_ids: list[Int32] = struct_field(default_factory=list)
    metadata: ProjectMetadata | UnsetType = UNSET
    cve_allowlist: CVEAllowlist | UnsetType = UNSET


class ProjectDeletable(Struct, omit_defaults=True):
    """Whether a project can be deleted, and why not."""

    deletable: bool = False
    message: str = ""


class ProjectSummaryQuota(Struct, omit_defaults=True):
    """What a project may hold and holds."""

    hard: dict[str, Int64] = struct_field(default_factory=dict)
    used: dict[str, Int64] = struct_field(default_factory=dict)


class RegistryCredential(Struct, omit_defaults=True):
    """How to sign in to another registry."""

    type: str = ""
    access_key: str = ""
    access_secret: str = ""


class Registry(Struct, omit_defaults=True):
    """Another registry."""

    id: Int64
    url: str = ""
    name: str = ""
    credential: RegistryCredential | UnsetType = UNSET
    type: str = ""
    insecure: bool = False
    ca_certificate: str | None = None
    description: str = ""
    status: str = ""
    creation_time: DateTime = ""
    update_time: DateTime = ""


class ProjectSummary(Struct, omit_defaults=True):
    """A project in figures."""

    repo_count: Number
    project_admin_count: Number = 0
    maintainer_count: Number = 0
    developer_count: Number = 0
    guest_count: Number = 0
    limited_guest_count: Number = 0
    quota: ProjectSummaryQuota | UnsetType = UNSET
    registry: Registry | UnsetType = UNSET


class UserEntity(Struct, omit_defaults=True):
    """A user, by id or name."""

    user_id: Number = 0
    username: str = ""


class ProjectMember(Struct, omit_defaults=True):
    """A member to be added."""

    role_id: Number = 0
    member_user: UserEntity | UnsetType = UNSET
    member_group: UserGroup | UnsetType = UNSET


class ProjectMemberEntity(Struct, omit_defaults=True):
    """A member."""

    id: Number = 0
    project_id: Number = 0
    entity_name: str = ""
    role_name: str = ""
    role_id: Number = 0
    entity_id: Number = 0
    entity_type: str = ""


class RoleRequest(Struct, omit_defaults=True):
    """A role."""

    role_id: Number = 0
