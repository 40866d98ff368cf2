"""Which deletions somebody may see: those that they might have made themselves."""

from collections.abc import Iterable, Mapping

from entrepot.model.grant import Principal
from entrepot.model.permission import Permission
from entrepot.model.project import Role
from entrepot.model.trash import TrashKind


def visible_to(principal: Principal, roles: Mapping[TrashKind, Iterable[Role]]) -> tuple[list[str], list[object]]:
    """Conditions on deletions `t`, and their values. `roles` says which roles may delete what."""
    if principal.admin:
        return [], []
    parts: list[str] = []
    values: list[object] = []
    for kind, able in roles.items():
        text, more = _may(principal, kind.permission, able)
        parts.append(f"(t.kind = '{kind.value}' AND {text})")
        values += more
    return [f"({' OR '.join(parts)})"], values


def _may(principal: Principal, permission: Permission, roles: Iterable[Role]) -> tuple[str, list[object]]:
    """Whether somebody has the permission in the project of the deletion."""
    if principal.robot_id is not None:
        text = (
            "EXISTS (SELECT 1 FROM robot_permissions b WHERE b.robot_id = ? AND b.kind = 'project'"
            " AND (b.project_id = t.project_id OR b.project_id IS NULL) AND b.resource = ? AND b.action = ?)"
        )
        return text, [principal.robot_id, permission.resource.value, permission.action.value]
    able = ",".join(str(int(role)) for role in roles)
    text = (
        f"t.project_id IN (SELECT m.project_id FROM members m WHERE m.user_id = ? AND m.role IN ({able}) UNION"
        " SELECT m.project_id FROM group_members g JOIN members m ON m.group_id = g.group_id"
        f" WHERE g.user_id = ? AND m.role IN ({able}))"
    )
    return text, [principal.user_id, principal.user_id]
