"""Bodies about the configuration."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec import field as struct_field

from entrepot.api.harbor.values import Number


class Configurations(Struct, omit_defaults=True):
    """Settings to be changed."""

    auth_mode: str | None = None
    primary_auth_mode: bool | None = None
    ldap_base_dn: str | None = None
    ldap_filter: str | None = None
    ldap_group_base_dn: str | None = None
    ldap_group_admin_dn: str | None = None
    ldap_group_attribute_name: str | None = None
    ldap_group_search_filter: str | None = None
    ldap_group_search_scope: Number | None = None
    ldap_group_attach_parallel: bool | None = None
    ldap_scope: Number | None = None
    ldap_search_dn: str | None = None
    ldap_search_password: str | None = None
    ldap_timeout: Number | None = None
    ldap_uid: str | None = None
    ldap_url: str | None = None
    ldap_verify_cert: bool | None = None
    ldap_group_membership_attribute: str | None = None
    project_creation_restriction: str | None = None
    read_only: bool | None = None
    self_registration: bool | None = None
    token_expiration: Number | None = None
    uaa_client_id: str | None = None
    uaa_client_secret: str | None = None
    uaa_endpoint: str | None = None
    uaa_verify_cert: bool | None = None
    http_authproxy_endpoint: str | None = None
    http_authproxy_tokenreview_endpoint: str | None = None
    http_authproxy_admin_groups: str | None = None
    http_authproxy_admin_usernames: str | None = None
    http_authproxy_verify_cert: bool | None = None
    http_authproxy_skip_search: bool | None = None
    http_authproxy_server_certificate: str | None = None
    oidc_name: str | None = None
    oidc_endpoint: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_groups_claim: str | None = None
    oidc_admin_group: str | None = None
    oidc_group_filter: str | None = None
    oidc_scope: str | None = None
    oidc_user_claim: str | None = None
    oidc_verify_cert: bool | None = None
    oidc_auto_onboard: bool | None = None
    oidc_extra_redirect_parms: str | None = None
    oidc_logout: bool | None = None
    robot_token_duration: Number | None = None
    robot_name_prefix: str | None = None
    notification_enable: bool | None = None
    quota_per_project_enable: bool | None = None
    storage_per_project: Number | None = None
    audit_log_forward_endpoint: str | None = None
    skip_audit_log_database: bool | None = None
    session_timeout: Number | None = None
    scanner_skip_update_pulltime: bool | None = None
    banner_message: str | None = None
    disabled_audit_log_event_types: str | None = None
    pull_audit_log_disable: bool | None = None
    pull_time_update_disable: bool | None = None
    pull_count_update_disable: bool | None = None


class StringConfigItem(Struct, omit_defaults=True):
    """A text, and whether it can be changed."""

    value: str
    editable: bool


class BoolConfigItem(Struct, omit_defaults=True):
    """A truth, and whether it can be changed."""

    value: bool
    editable: bool


class IntegerConfigItem(Struct, omit_defaults=True):
    """A number, and whether it can be changed."""

    value: Number
    editable: bool


class ScanAllParameter(Struct, omit_defaults=True):
    """When everything is scanned."""

    daily_time: Number = 0
    """Seconds after midnight, UTC."""


class ScanAllPolicy(Struct, omit_defaults=True):
    """How often everything is scanned."""

    type: str = ""
    parameter: ScanAllParameter | UnsetType = UNSET


class InternalConfigurationValue(Struct, omit_defaults=True):
    """A value of any kind, and whether it can be changed."""

    editable: bool
    value: dict[str, Any] = struct_field(default_factory=dict)


class ConfigurationsResponse(Struct, omit_defaults=True):
    """Settings as they are."""

    auth_mode: StringConfigItem | UnsetType = UNSET
    primary_auth_mode: BoolConfigItem | UnsetType = UNSET
    ldap_base_dn: StringConfigItem | UnsetType = UNSET
    ldap_filter: StringConfigItem | UnsetType = UNSET
    ldap_group_base_dn: StringConfigItem | UnsetType = UNSET
    ldap_group_admin_dn: StringConfigItem | UnsetType = UNSET
    ldap_group_attribute_name: StringConfigItem | UnsetType = UNSET
    ldap_group_search_filter: StringConfigItem | UnsetType = UNSET
    ldap_group_search_scope: IntegerConfigItem | UnsetType = UNSET
    ldap_group_attach_parallel: BoolConfigItem | UnsetType = UNSET
    ldap_scope: IntegerConfigItem | UnsetType = UNSET
    ldap_search_dn: StringConfigItem | UnsetType = UNSET
    ldap_timeout: IntegerConfigItem | UnsetType = UNSET
    ldap_uid: StringConfigItem | UnsetType = UNSET
    ldap_url: StringConfigItem | UnsetType = UNSET
    ldap_verify_cert: BoolConfigItem | UnsetType = UNSET
    ldap_group_membership_attribute: StringConfigItem | UnsetType = UNSET
    project_creation_restriction: StringConfigItem | UnsetType = UNSET
    read_only: BoolConfigItem | UnsetType = UNSET
    self_registration: BoolConfigItem | UnsetType = UNSET
    token_expiration: IntegerConfigItem | UnsetType = UNSET
    uaa_client_id: StringConfigItem | UnsetType = UNSET
    uaa_client_secret: StringConfigItem | UnsetType = UNSET
    uaa_endpoint: StringConfigItem | UnsetType = UNSET
    uaa_verify_cert: BoolConfigItem | UnsetType = UNSET
    http_authproxy_endpoint: StringConfigItem | UnsetType = UNSET
    http_authproxy_tokenreview_endpoint: StringConfigItem | UnsetType = UNSET
    http_authproxy_admin_groups: StringConfigItem | UnsetType = UNSET
    http_authproxy_admin_usernames: StringConfigItem | UnsetType = UNSET
    http_authproxy_verify_cert: BoolConfigItem | UnsetType = UNSET
    http_authproxy_skip_search: BoolConfigItem | UnsetType = UNSET
    http_authproxy_server_certificate: StringConfigItem | UnsetType = UNSET
    oidc_name: StringConfigItem | UnsetType = UNSET
    oidc_endpoint: StringConfigItem | UnsetType = UNSET
    oidc_client_id: StringConfigItem | UnsetType = UNSET
    oidc_groups_claim: StringConfigItem | UnsetType = UNSET
    oidc_admin_group: StringConfigItem | UnsetType = UNSET
    oidc_group_filter: StringConfigItem | UnsetType = UNSET
    oidc_scope: StringConfigItem | UnsetType = UNSET
    oidc_user_claim: StringConfigItem | UnsetType = UNSET
    oidc_verify_cert: BoolConfigItem | UnsetType = UNSET
    oidc_auto_onboard: BoolConfigItem | UnsetType = UNSET
    oidc_extra_redirect_parms: StringConfigItem | UnsetType = UNSET
    oidc_logout: BoolConfigItem | UnsetType = UNSET
    robot_token_duration: IntegerConfigItem | UnsetType = UNSET
    robot_name_prefix: StringConfigItem | UnsetType = UNSET
    notification_enable: BoolConfigItem | UnsetType = UNSET
    quota_per_project_enable: BoolConfigItem | UnsetType = UNSET
    storage_per_project: IntegerConfigItem | UnsetType = UNSET
    audit_log_forward_endpoint: StringConfigItem | UnsetType = UNSET
    skip_audit_log_database: BoolConfigItem | UnsetType = UNSET
    scanner_skip_update_pulltime: BoolConfigItem | UnsetType = UNSET
    scan_all_policy: ScanAllPolicy | UnsetType = UNSET
    session_timeout: IntegerConfigItem | UnsetType = UNSET
    banner_message: StringConfigItem | UnsetType = UNSET
    disabled_audit_log_event_types: StringConfigItem | UnsetType = UNSET
    pull_audit_log_disable: BoolConfigItem | UnsetType = UNSET
    pull_time_update_disable: BoolConfigItem | UnsetType = UNSET
    pull_count_update_disable: BoolConfigItem | UnsetType = UNSET
