"""Quotas, labels of all projects, and the configuration, for administrators."""

from entrepot.db.quotas import UNLIMITED
from entrepot.model.configuration import SETTINGS, UNUSED, Kind
from entrepot.model.errors import Denied, Invalid
from entrepot.model.query import SortKey
from entrepot.registry import allowlists, configuration, labels, limits
from entrepot.web.answer import Answer, Go, Said
from entrepot.web.ask import Ask
from entrepot.web.configuration_words import GROUPS, HELP, LABELS, VALUES
from entrepot.web.pages.admin_frame import admin_page, admin_view
from entrepot.web.pages.allowlist_form import allowlist_asked_for, day_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
FIRST_COLOR = "#0079B8"
_SORTS = {"used": SortKey("used.storage", descending=True), "limit": SortKey("hard.storage", descending=True)}


async def show_quotas(ask: Ask) -> Answer:
    """The limits of all projects, and what each holds."""
    grant = await ask.system(limits.LIST)
    sort = ask.query.text("sort") or "used"
    query = ask.listed(sort=(_SORTS[sort],) if sort in _SORTS else ())
    found, total = await ask.parts.limits.page(grant, query, None)
    default = int(await ask.parts.configuration.get("storage_per_project"))
    shown = {
        "quotas": found,
        "total": total,
        "listed": query,
        "sort": sort,
        "default": default,
        "unlimited": UNLIMITED,
        "units": UNITS,
        "split": split,
    }
    return admin_view("quotas", shown)


async def set_quota(ask: Ask) -> Answer:
    """Has a project hold so much at most. Raises as `Limits.set_limit`."""
    grant = await ask.system(limits.UPDATE)
    await ask.parts.limits.set_limit(grant, ask.number(), _bytes(ask))
    return Go(admin_page("quotas"), Said(ask.say("The limit is changed.")))


async def set_default_quota(ask: Ask) -> Answer:
    """Has new projects hold so much at most. Raises as `Configuration.change`."""
    grant = await ask.system(configuration.UPDATE)
    await ask.parts.configuration.change(grant, {"storage_per_project": _bytes(ask)})
    return Go(admin_page("quotas"), Said(ask.say("New projects have this limit from now on.")))


async def show_labels(ask: Ask) -> Answer:
    """The labels that every project can use."""
    await ask.system(labels.LIST)
    query = ask.listed()
    found, total = await ask.parts.labels.list_labels(None, query)
    return admin_view("labels", {"labels": found, "total": total, "listed": query, "first_color": FIRST_COLOR})


async def create_label(ask: Ask) -> Answer:
    """Makes a label. Raises as `Labels.create`."""
    grant = await ask.system(labels.CREATE)
    await ask.parts.labels.create(grant, ask.form.text("name"), ask.form.text("description"), ask.form.text("color"))
    return Go(admin_page("labels"), Said(ask.say("Label %(name)s is there.", name=ask.form.text("name"))))


async def change_label(ask: Ask) -> Answer:
    """Changes a label. Raises as `Labels.update`."""
    grant = await ask.system(labels.UPDATE)
    name, description, color = ask.form.text("name"), ask.form.text("description"), ask.form.text("color")
    await ask.parts.labels.update(grant, ask.number(), name, description, color)
    return Go(admin_page("labels"), Said(ask.say("Label %(name)s is changed.", name=name)))


async def delete_label(ask: Ask) -> Answer:
    """Removes a label, also from what bears it. Raises RecordUnknown."""
    await ask.parts.labels.delete(await ask.system(labels.DELETE), ask.number())
    return Go(admin_page("labels"), Said(ask.say("The label is gone from everything that bore it.")))


async def show_configuration(ask: Ask) -> Answer:
    """Every setting that can change while the registry runs, by what it is about."""
    grant = await ask.system(configuration.READ)
    found = {one.setting.name: one for one in await ask.parts.configuration.read(grant)}
    secrets = {s.name: s for s in SETTINGS.values() if s.changeable and s.secret}
    groups = [
        (label, [found[name] for name in names if name in found], [secrets[name] for name in names if name in secrets])
        for label, names in GROUPS.items()
    ]
    allowlist = await ask.parts.allowlists.get(await ask.visible())
    shown = {
        "groups": groups,
        "labels": LABELS,
        "helps": HELP,
        "values": VALUES,
        "unused": UNUSED,
        "Kind": Kind,
        "allowlist": allowlist,
        "expires": day_of(None if allowlist is None else allowlist.expires_at),
    }
    return admin_view("configuration", shown)


async def change_configuration(ask: Ask) -> Answer:
    """Changes the settings that the form names; a box that is not ticked is false. Raises as `Configuration.change`."""
    grant = await ask.system(configuration.UPDATE)
    values: dict[str, object] = {}
    for name in ask.form.many("setting"):
        setting = SETTINGS.get(name)
        if setting is None or not setting.changeable:
            raise Invalid(f"there is no setting {name[:64]!r} that can be changed")
        if setting.kind is Kind.TRUTH:
            values[name] = ask.form.ticked(name)
        elif not setting.secret or ask.form.secret(name):
            values[name] = ask.form.secret(name)
    if not values:
        raise Denied("none of these settings can be changed now")
    await ask.parts.configuration.change(grant, values)
    return Go(admin_page("configuration"), Said(ask.say("The configuration is changed.")))


async def set_allowlist(ask: Ask) -> Answer:
    """Sets which vulnerabilities every project puts up with that has no list of its own. Raises Invalid."""
    grant = await ask.system(allowlists.UPDATE)
    await ask.parts.allowlists.put(grant, allowlist_asked_for(ask))
    return Go(admin_page("configuration"), Said(ask.say("The configuration is changed.")))


def split(count: int) -> tuple[int, str]:
    """Bytes as a whole number and the largest unit that says it exactly."""
    return next((count // size, unit) for unit, size in reversed(UNITS.items()) if count % size == 0)


def _bytes(ask: Ask) -> int:
    """What the form limits to; -1 for no limit. Raises Invalid."""
    if ask.form.ticked("unlimited"):
        return UNLIMITED
    unit = ask.form.text("unit")
    if unit not in UNITS:
        raise Invalid(f"unit is one of {', '.join(UNITS)}")
    return ask.form.whole("limit", least=1) * UNITS[unit]


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "admin/quotas", show_quotas),
    changing(Place.HOUSE, "admin/quotas/default", set_default_quota),
    changing(Place.HOUSE, "admin/quotas/{id}", set_quota),
    reading(Place.HOUSE, "admin/labels", show_labels),
    changing(Place.HOUSE, "admin/labels", create_label),
    changing(Place.HOUSE, "admin/labels/{id}", change_label),
    changing(Place.HOUSE, "admin/labels/{id}/delete", delete_label),
    reading(Place.HOUSE, "admin/configuration", show_configuration),
    Route("POST", Place.HOUSE, "admin/configuration", change_configuration, while_read_only=True),
    changing(Place.HOUSE, "admin/configuration/allowlist", set_allowlist),
)
