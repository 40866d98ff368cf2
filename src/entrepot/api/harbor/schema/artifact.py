"""Bodies about repositories and artifacts."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec import field as struct_field

from entrepot.api.harbor.schema.label import Label
from entrepot.api.harbor.values import DateTime, Int, Int64, Number


class Repository(Struct, omit_defaults=True):
    """A repository."""

    artifact_count: Int64
    pull_count: Int64
    id: Int64 = 0
    project_id: Int64 = 0
    name: str = ""
    description: str = ""
    creation_time: DateTime | None = None
    update_time: DateTime = ""


class RepositoryChange(Struct, omit_defaults=True):
    """A repository as clients send it back; only its description counts."""

    artifact_count: Int64 = 0
    pull_count: Int64 = 0
    id: Int64 = 0
    project_id: Int64 = 0
    name: str = ""
    description: str = ""
    creation_time: DateTime | None = None
    update_time: DateTime = ""


class Scanner(Struct, omit_defaults=True):
    """A scanner."""

    name: str = ""
    vendor: str = ""
    version: str = ""


class VulnerabilitySummary(Struct, omit_defaults=True):
    """Vulnerabilities in figures."""

    total: Int
    fixable: Int
    summary: dict[str, Int]


class NativeReportSummary(Struct, omit_defaults=True):
    """A scan in short."""

    report_id: str = ""
    scan_status: str = ""
    severity: str = ""
    duration: Int64 = 0
    summary: VulnerabilitySummary | UnsetType = UNSET
    start_time: DateTime = ""
    end_time: DateTime = ""
    complete_percent: Number = 0
    scanner: Scanner | UnsetType = UNSET


class Accessory(Struct, omit_defaults=True):
    """What belongs to another artifact, such as its signature."""

    artifact_id: Int64
    subject_artifact_digest: str
    subject_artifact_repo: str
    size: Int64
    digest: str
    type: str
    icon: str
    id: Int64 = 0
    subject_artifact_id: Int64 = 0
    creation_time: DateTime = ""


class Tag(Struct, omit_defaults=True):
    """A tag."""

    immutable: bool
    id: Int64 = 0
    repository_id: Int64 = 0
    artifact_id: Int64 = 0
    name: str = ""
    push_time: DateTime = ""
    pull_time: DateTime = ""


class Platform(Struct, omit_defaults=True):
    """What an image runs on."""

    architecture: str = ""
    os: str = ""
    # The quotes are part of the names, as Harbor writes them.
    os_version: str = struct_field(default="", name="'os.version'")
    os_features: list[str] = struct_field(default_factory=list, name="'os.features'")
    variant: str = ""


class Reference(Struct, omit_defaults=True):
    """A child of an index."""

    parent_id: Int64 = 0
    child_id: Int64 = 0
    child_digest: str = ""
    platform: Platform | UnsetType = UNSET
    annotations: dict[str, str] = struct_field(default_factory=dict)
    urls: list[str] = struct_field(default_factory=list)


class AdditionLink(Struct, omit_defaults=True):
    """Where more about an artifact is found."""

    absolute: bool
    href: str = ""


class SBOMOverview(Struct, omit_defaults=True):
    """A bill of materials in short."""

    start_time: DateTime = ""
    end_time: DateTime = ""
    scan_status: str = ""
    sbom_digest: str = ""
    report_id: str = ""
    duration: Int64 = 0
    scanner: Scanner | UnsetType = UNSET


class Artifact(Struct, omit_defaults=True):
    """An artifact."""

    id: Int64 = 0
    type: str = ""
    media_type: str = ""
    manifest_media_type: str = ""
    artifact_type: str = ""
    project_id: Int64 = 0
    repository_id: Int64 = 0
    repository_name: str = ""
    digest: str = ""
    size: Int64 = 0
    icon: str = ""
    push_time: DateTime = ""
    pull_time: DateTime = ""
    extra_attrs: dict[str, Any] = struct_field(default_factory=dict)
    annotations: dict[str, str] = struct_field(default_factory=dict)
    references: list[Reference] = struct_field(default_factory=list)
    tags: list[Tag] = struct_field(default_factory=list)
    addition_links: dict[str, AdditionLink] = struct_field(default_factory=dict)
    labels: list[Label] = struct_field(default_factory=list)
    scan_overview: dict[str, NativeReportSummary] = struct_field(default_factory=dict)
    sbom_overview: SBOMOverview | UnsetType = UNSET
    accessories: list[Accessory] = struct_field(default_factory=list)
    inherited_accessories: list[Accessory] = struct_field(default_factory=list)


class NewTag(Struct, omit_defaults=True):
    """A tag to be made."""

    name: str
