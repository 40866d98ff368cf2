"""Harbor's system configuration: every setting with its type and default.

Those of the user's scope are kept and can be changed through the API; those of the system's scope are what Harbor
takes from its environment, and are only ever reported.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from entrepot.model.errors import Invalid

LONGEST_VALUE = 64 * 1024
UNUSED = "kept for clients; has no effect yet"


class Kind(Enum):
    """What a setting holds."""

    TEXT = "text"
    SOME_TEXT = "text that is not empty"
    SECRET = "secret"  # noqa: S105 - the name of a kind
    TRUTH = "true or false"
    NUMBER = "whole number"
    FRACTION = "number"
    PORT = "port"
    QUOTA = "bytes, or -1 for any number"
    LDAP_SCOPE = "0, 1 or 2"
    AUTH_MODE = "db_auth, ldap_auth, uaa_auth, http_auth or oidc_auth"
    CREATION = "everyone or adminonly"
    OBJECT = "JSON object, as text"


Value = str | int | float | bool
Parser = Callable[[str, object], Value]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    name: str
    kind: Kind
    default: Value
    changeable: bool
    """Whether the API can change it: the user's scope."""
    effect: str = UNUSED

    @property
    def secret(self) -> bool:
        """Whether its value is never given back."""
        return self.kind is Kind.SECRET

    def parse(self, value: object) -> Value:
        """The value, of the setting's type; what the setting begins with is always good. Raises Invalid."""
        # Some begin as an empty text although they must not be made empty, and clients send back all they were given.
        if type(value) is type(self.default) and value == self.default:
            return self.default
        parsed = _PARSERS[self.kind](self.name, value)
        if self.name in _POSITIVE and isinstance(parsed, int) and not 1 <= parsed <= _MOST_POSITIVE:
            raise Invalid(f"{self.name} is 1 to {_MOST_POSITIVE}")
        return parsed


_POSITIVE = {"token_expiration", "robot_token_duration", "session_timeout"}
_MOST_POSITIVE = 9_999_999_999
_LARGEST = 2**63 - 1


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or "\0" in value:
        raise Invalid(f"{name} is a text of at most {LONGEST_VALUE} characters")
    return value


def _some_text(name: str, value: object) -> str:
    text = _text(name, value)
    if not text.strip():
        raise Invalid(f"{name} cannot be empty")
    return text


def _truth(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Invalid(f"{name} is true or false")


def _number(name: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, str) and len(value) < 20 else value
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int) or not -_LARGEST <= number <= _LARGEST:
        raise Invalid(f"{name} is a whole number")
    return number


def _fraction(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e18 <= value <= 1e18:
        raise Invalid(f"{name} is a number")
    return float(value)


def _within(least: int, most: int, what: str, *beside: int) -> Parser:
    def parse(name: str, value: object) -> int:
        number = _number(name, value)
        if not least <= number <= most and number not in beside:
            raise Invalid(f"{name} is {what}")
        return number

    return parse


def _one_of(*allowed: str) -> Parser:
    def parse(name: str, value: object) -> str:
        if value not in allowed:
            raise Invalid(f"{name} is one of {', '.join(allowed)}")
        return str(value)

    return parse


def _object(name: str, value: object) -> str:
    text = json.dumps(value) if isinstance(value, dict) else _text(name, value)
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{name} is a JSON object, as text") from error
    if not isinstance(found, dict):
        raise Invalid(f"{name} is a JSON object, as text")
    return text


_PARSERS: dict[Kind, Parser] = {
    Kind.TEXT: _text,
    Kind.SOME_TEXT: _some_text,
    Kind.SECRET: _text,
    Kind.TRUTH: _truth,
    Kind.NUMBER: _number,
    Kind.FRACTION: _fraction,
    Kind.PORT: _within(0, 65535, "a port, 0 to 65535"),
    Kind.QUOTA: _within(1, _LARGEST, "a number of bytes, or -1 for any", -1),
    Kind.LDAP_SCOPE: _within(0, 2, "0, 1 or 2"),
    Kind.AUTH_MODE: _one_of("db_auth", "ldap_auth", "uaa_auth", "http_auth", "oidc_auth"),
    Kind.CREATION: _one_of("everyone", "adminonly"),
    Kind.OBJECT: _object,
}

SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("admin_initial_password", Kind.SECRET, "", False),
        Setting("auth_mode", Kind.AUTH_MODE, "db_auth", True, "how people sign in; only db_auth works yet"),
        Setting("primary_auth_mode", Kind.TRUTH, False, True, "told to clients before they sign in"),
        Setting("trivy_adapter_url", Kind.TEXT, "", False),
        Setting("core_url", Kind.TEXT, "", False),
        Setting("core_local_url", Kind.TEXT, "", False),
        Setting("database_type", Kind.TEXT, "postgresql", False),
        Setting("ext_endpoint", Kind.TEXT, "", False),
        Setting("jobservice_url", Kind.TEXT, "", False),
        Setting("ldap_base_dn", Kind.SOME_TEXT, "", True),
        Setting("ldap_filter", Kind.TEXT, "", True),
        Setting("ldap_group_base_dn", Kind.TEXT, "", True),
        Setting("ldap_group_admin_dn", Kind.TEXT, "", True),
        Setting("ldap_group_attribute_name", Kind.TEXT, "", True),
        Setting("ldap_group_search_filter", Kind.TEXT, "", True),
        Setting("ldap_group_search_scope", Kind.LDAP_SCOPE, 2, True),
        Setting("ldap_scope", Kind.LDAP_SCOPE, 2, True),
        Setting("ldap_search_dn", Kind.TEXT, "", True),
        Setting("ldap_search_password", Kind.SECRET, "", True),
        Setting("ldap_timeout", Kind.NUMBER, 5, True),
        Setting("ldap_uid", Kind.SOME_TEXT, "cn", True),
        Setting("ldap_url", Kind.SOME_TEXT, "", True),
        Setting("ldap_verify_cert", Kind.TRUTH, True, True),
        Setting("ldap_group_membership_attribute", Kind.TEXT, "memberof", True),
        Setting("ldap_group_attach_parallel", Kind.TRUTH, False, True),
        Setting("max_job_workers", Kind.NUMBER, 10, False),
        Setting("scan_all_policy", Kind.OBJECT, "", True),
        Setting("postgresql_database", Kind.TEXT, "registry", False),
        Setting("postgresql_host", Kind.TEXT, "", False),
        Setting("postgresql_password", Kind.SECRET, "", False),
        Setting("postgresql_port", Kind.PORT, 5432, False),
        Setting("postgresql_sslmode", Kind.TEXT, "disable", False),
        Setting("postgresql_username", Kind.TEXT, "postgres", False),
        Setting("postgresql_max_idle_conns", Kind.NUMBER, 2, False),
        Setting("postgresql_max_open_conns", Kind.NUMBER, 0, False),
        Setting("postgresql_conn_max_lifetime", Kind.TEXT, "5m", False),
        Setting("postgresql_conn_max_idle_time", Kind.TEXT, "0", False),
        Setting(
            "project_creation_restriction",
            Kind.CREATION,
            "everyone",
            True,
            "who may make projects: everyone, or adminonly",
        ),
        Setting("read_only", Kind.TRUTH, False, True, "whether pushes and deletes are refused"),
        Setting("registry_storage_provider_name", Kind.TEXT, "filesystem", False),
        Setting("registry_url", Kind.TEXT, "", False),
        Setting("registry_controller_url", Kind.TEXT, "", False),
        Setting(
            "self_registration",
            Kind.TRUTH,
            False,
            True,
            "whether people may make accounts for themselves, on the pages",
        ),
        Setting(
            "token_expiration",
            Kind.NUMBER,
            30,
            True,
            "kept for clients; tokens are good for as long as `token_lifetime` says",
        ),
        Setting("token_service_url", Kind.TEXT, "", False),
        Setting("uaa_client_id", Kind.TEXT, "", True),
        Setting("uaa_client_secret", Kind.SECRET, "", True),
        Setting("uaa_endpoint", Kind.TEXT, "", True),
        Setting("uaa_verify_cert", Kind.TRUTH, False, True),
        Setting("http_authproxy_endpoint", Kind.TEXT, "", True),
        Setting("http_authproxy_tokenreview_endpoint", Kind.TEXT, "", True),
        Setting("http_authproxy_admin_groups", Kind.TEXT, "", True),
        Setting("http_authproxy_admin_usernames", Kind.TEXT, "", True),
        Setting("http_authproxy_verify_cert", Kind.TRUTH, True, True),
        Setting("http_authproxy_skip_search", Kind.TRUTH, False, True),
        Setting("http_authproxy_server_certificate", Kind.TEXT, "", True),
        Setting("oidc_name", Kind.TEXT, "", True),
        Setting("oidc_endpoint", Kind.TEXT, "", True),
        Setting("oidc_client_id", Kind.TEXT, "", True),
        Setting("oidc_client_secret", Kind.SECRET, "", True),
        Setting("oidc_groups_claim", Kind.TEXT, "", True),
        Setting("oidc_admin_group", Kind.TEXT, "", True),
        Setting("oidc_group_filter", Kind.TEXT, "", True),
        Setting("oidc_scope", Kind.TEXT, "", True),
        Setting("oidc_user_claim", Kind.TEXT, "", True),
        Setting("oidc_verify_cert", Kind.TRUTH, True, True),
        Setting("oidc_auto_onboard", Kind.TRUTH, False, True),
        Setting("oidc_extra_redirect_parms", Kind.OBJECT, "{}", True),
        Setting("oidc_logout", Kind.TRUTH, False, True),
        Setting("with_trivy", Kind.TRUTH, False, False),
        Setting("robot_token_duration", Kind.NUMBER, 30, True, "days that pages suggest for a new robot"),
        Setting(
            "robot_name_prefix",
            Kind.SOME_TEXT,
            "robot$",
            True,
            "what robots' names begin with, those that exist included",
        ),
        Setting("robot_scanner_name_prefix", Kind.TEXT, "scanner", False),
        Setting("notification_enable", Kind.TRUTH, True, True, "told to clients; there are no webhooks yet"),
        Setting("metric_enable", Kind.TRUTH, False, False),
        Setting("metric_port", Kind.PORT, 9090, False),
        Setting("metric_path", Kind.TEXT, "/metrics", False),
        Setting("quota_per_project_enable", Kind.TRUTH, True, True, "whether limits of projects count"),
        Setting("storage_per_project", Kind.QUOTA, -1, True, "bytes that a new project may hold; -1 for any number"),
        Setting("trace_enabled", Kind.TRUTH, False, False),
        Setting("trace_service_name", Kind.TEXT, "", False),
        Setting("trace_namespace", Kind.TEXT, "", False),
        Setting("trace_sample_rate", Kind.FRACTION, 1.0, False),
        Setting("trace_attribute", Kind.OBJECT, "", False),
        Setting("trace_jaeger_endpoint", Kind.TEXT, "", False),
        Setting("trace_jaeger_username", Kind.TEXT, "", False),
        Setting("trace_jaeger_password", Kind.SECRET, "", False),
        Setting("trace_jaeger_agent_host", Kind.TEXT, "", False),
        Setting("trace_jaeger_agent_port", Kind.TEXT, "6831", False),
        Setting("trace_otel_endpoint", Kind.TEXT, "", False),
        Setting("trace_otel_url_path", Kind.TEXT, "", False),
        Setting("trace_otel_compression", Kind.TRUTH, False, False),
        Setting("trace_otel_insecure", Kind.TRUTH, False, False),
        Setting("trace_otel_timeout", Kind.NUMBER, 0, False),
        Setting("pull_time_update_disable", Kind.TRUTH, False, True, "whether the time of the last pull is not kept"),
        Setting("pull_count_update_disable", Kind.TRUTH, False, True, "whether pulls are not counted"),
        Setting("pull_audit_log_disable", Kind.TRUTH, True, True, "whether pulls are left out of the audit"),
        Setting("cache_enabled", Kind.TRUTH, False, False),
        Setting("cache_expire_hours", Kind.NUMBER, 24, False),
        Setting("gdpr_delete_user", Kind.TRUTH, False, False),
        Setting("gdpr_audit_logs", Kind.TRUTH, False, False),
        Setting(
            "audit_log_forward_endpoint", Kind.TEXT, "", True, "a syslog server that the audit is sent to, host:port"
        ),
        Setting(
            "skip_audit_log_database",
            Kind.TRUTH,
            False,
            True,
            "kept for clients; events stay in the database, which other parts follow",
        ),
        Setting("scanner_skip_update_pulltime", Kind.TRUTH, False, True),
        Setting(
            "disabled_audit_log_event_types",
            Kind.TEXT,
            "",
            True,
            "events that Harbor would not write down; here all are",
        ),
        Setting("session_timeout", Kind.NUMBER, 60, True, "minutes for which a session lasts without being used"),
        Setting("execution_status_refresh_interval_seconds", Kind.NUMBER, 30, False),
        Setting("banner_message", Kind.TEXT, "", True, "shown to everybody; kept for the pages"),
        Setting("quota_update_provider", Kind.TEXT, "db", False),
        Setting("beego_max_memory_bytes", Kind.NUMBER, 137438953472, False),
        Setting("beego_max_upload_size_bytes", Kind.NUMBER, 137438953472, False),
        Setting("REPLICATION_ADAPTER_WHITELIST", Kind.TEXT, "", False),
    )
}
"""By name."""
