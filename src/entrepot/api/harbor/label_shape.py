"""A label as Harbor's API shows it."""

from entrepot.api.harbor.schema import label as schema
from entrepot.api.harbor.values import date_time
from entrepot.db.labels import Label


def shown(label: Label) -> schema.Label:
    """The label; its scope is `g` if it is of all projects, `p` if of one."""
    return schema.Label(
        id=label.id,
        name=label.name,
        description=label.description,
        color=label.color,
        scope="g" if label.project_id is None else "p",
        project_id=label.project_id or 0,
        creation_time=date_time(label.created_at),
        update_time=date_time(label.updated_at),
    )
