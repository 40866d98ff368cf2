"""Bodies about people."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from entrepot.api.harbor.values import DateTime, Int, Number


class OIDCUserInfo(Struct, omit_defaults=True):
    """How an account came from an identity provider."""

    id: Int = 0
    user_id: Int = 0
    subiss: str = ""
    secret: str = ""
    creation_time: DateTime = ""
    update_time: DateTime = ""


class UserResp(Struct, omit_defaults=True):
    """An account."""

    sysadmin_flag: bool
    admin_role_in_auth: bool
    email: str = ""
    realname: str = ""
    comment: str = ""
    user_id: Int = 0
    username: str = ""
    oidc_user_meta: OIDCUserInfo | UnsetType = UNSET
    creation_time: DateTime = ""
    update_time: DateTime = ""


class UserCreationReq(Struct, omit_defaults=True):
    """An account to be made."""

    email: Annotated[str, Meta(max_length=255)] = ""
    realname: str = ""
    comment: str = ""
    password: str = ""
    username: Annotated[str, Meta(max_length=255)] = ""


class UserProfile(Struct, omit_defaults=True):
    """What somebody says of themselves."""

    email: str = ""
    realname: str = ""
    comment: str = ""


class PasswordReq(Struct, omit_defaults=True):
    """A new password, and the one before."""

    old_password: str = ""
    new_password: str = ""


class UserSysAdminFlag(Struct, omit_defaults=True):
    """Whether somebody administers the system."""

    sysadmin_flag: bool = False


class UserSearchRespItem(Struct, omit_defaults=True):
    """An account as a search shows it."""

    user_id: Int = 0
    username: str = ""


class Permission(Struct, omit_defaults=True):
    """An action on a resource."""

    resource: str = ""
    action: str = ""


class OIDCCliSecretReq(Struct, omit_defaults=True):
    """A secret for the command line."""

    secret: str = ""


class UserGroup(Struct, omit_defaults=True):
    """A group that another system knows."""

    id: Number = 0
    group_name: str = ""
    group_type: Number = 0
    ldap_group_dn: str = ""


class UserGroupSearchItem(Struct, omit_defaults=True):
    """A group as a search shows it."""

    id: Number = 0
    group_name: str = ""
    group_type: Number = 0
