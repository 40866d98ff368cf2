"""What permissions are called in other languages, within sentences that say who may not do what.

Such a sentence names a permission as `read its robot`: an action and a resource by Harbor's words.
"""

from collections.abc import Callable, Mapping

from entrepot.model.permission import Resource, Verb
from entrepot.web.errors import N_

VERBS: Mapping[Verb, str] = {
    Verb.CREATE: N_("create %(what)s"),
    Verb.DELETE: N_("delete %(what)s"),
    Verb.LIST: N_("list %(what)s"),
    Verb.OPERATE: N_("operate %(what)s"),
    Verb.PULL: N_("pull from %(what)s"),
    Verb.PUSH: N_("push to %(what)s"),
    Verb.READ: N_("read %(what)s"),
    Verb.STOP: N_("stop %(what)s"),
    Verb.UPDATE: N_("update %(what)s"),
}
RESOURCES: Mapping[Resource, str] = {
    Resource.ACCESSORY: N_("its accessory"),
    Resource.ARTIFACT: N_("its artifact"),
    Resource.ARTIFACT_ADDITION: N_("its artifact-addition"),
    Resource.ARTIFACT_LABEL: N_("its artifact-label"),
    Resource.AUDIT_LOG: N_("its audit-log"),
    Resource.CATALOG: N_("its catalog"),
    Resource.CONFIGURATION: N_("its configuration"),
    Resource.DISTRIBUTION: N_("its distribution"),
    Resource.EXPORT_CVE: N_("its export-cve"),
    Resource.GARBAGE_COLLECTION: N_("its garbage-collection"),
    Resource.IMMUTABLE_TAG: N_("its immutable-tag"),
    Resource.JOBSERVICE_MONITOR: N_("its jobservice-monitor"),
    Resource.LABEL: N_("its label"),
    Resource.LDAP_USER: N_("its ldap-user"),
    Resource.LOG: N_("its log"),
    Resource.MEMBER: N_("its member"),
    Resource.METADATA: N_("its metadata"),
    Resource.NOTIFICATION_POLICY: N_("its notification-policy"),
    Resource.PREHEAT_INSTANCE: N_("its preheat-instance"),
    Resource.PREHEAT_POLICY: N_("its preheat-policy"),
    Resource.PROJECT: N_("its project"),
    Resource.PURGE_AUDIT: N_("its purge-audit"),
    Resource.QUOTA: N_("its quota"),
    Resource.REGISTRY: N_("its registry"),
    Resource.REPLICATION: N_("its replication"),
    Resource.REPLICATION_ADAPTER: N_("its replication-adapter"),
    Resource.REPLICATION_POLICY: N_("its replication-policy"),
    Resource.REPOSITORY: N_("its repository"),
    Resource.ROBOT: N_("its robot"),
    Resource.SBOM: N_("its sbom"),
    Resource.SCAN: N_("its scan"),
    Resource.SCAN_ALL: N_("its scan-all"),
    Resource.SCANNER: N_("its scanner"),
    Resource.SECURITY_HUB: N_("its security-hub"),
    Resource.SYSTEM_VOLUMES: N_("its system-volumes"),
    Resource.TAG: N_("its tag"),
    Resource.TAG_RETENTION: N_("its tag-retention"),
    Resource.USER: N_("its user"),
    Resource.USER_GROUP: N_("its user-group"),
}


def phrases(say: Callable[[str], str]) -> dict[str, str]:
    """What a language has for each permission, as sentences name it; `say` translates."""
    return {
        f"{verb} its {resource}": say(action) % {"what": say(thing)}
        for verb, action in VERBS.items()
        for resource, thing in RESOURCES.items()
    }
