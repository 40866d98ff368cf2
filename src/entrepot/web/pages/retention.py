"""What a project keeps: its rules of retention, tried before they are saved, and when they are carried out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from entrepot.model.cron import DAILY, HOURLY, WEEKLY
from entrepot.model.errors import Conflict, EntrepotError, Invalid, Unknown
from entrepot.model.grant import ProjectGrant
from entrepot.model.retention import MOST_RULES, RetentionPolicy, RetentionRule
from entrepot.registry.retention import CREATE, DELETE, LIST, READ, UPDATE, PolicyView
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.pages.rule_fields import NEW, OFFERED, OLD, RuleFields, fields_of_rule, retention_rule, sent
from entrepot.web.pages.rule_preview import Preview, preview
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

TAB = "policies"
RUNS_SHOWN = 10
SCHEDULES = {"": "", "hourly": HOURLY, "daily": DAILY, "weekly": WEEKLY}
EMPTY = RetentionPolicy(rules=(), cron="")
Changed = Callable[[RetentionRule], RetentionPolicy]
"""The policy with a rule in it."""


async def show(ask: Ask) -> Answer:
    """The rules, when they are carried out, and the runs."""
    grant = await ask.project(READ, LIST)
    view = await ask.parts.retention.of_project(grant)
    query = ask.listed(page_size=RUNS_SHOWN)
    runs, total = ([], 0) if view is None else await ask.parts.retention_runs.page(grant, view.row.id, query)
    shown = {
        **await _frame(ask, grant),
        "view": view,
        "rules": view.row.policy.rules if view else (),
        "schedules": SCHEDULES,
        "runs": runs,
        "total": total,
        "listed": query,
        "may_change": {CREATE, UPDATE} <= grant.permissions,
        "most_rules": MOST_RULES,
    }
    name = grant.project.name
    return View("retention", shown, topics=(f"project:{name}", f"runs:{name}"))


async def show_form(ask: Ask) -> Answer:
    """The form for a new rule."""
    grant = await ask.project(READ, CREATE, UPDATE)
    return await _form(ask, grant, NEW, position=None)


async def show_rule(ask: Ask) -> Answer:
    """The form for a rule that there is."""
    grant = await ask.project(READ, UPDATE)
    view, position = await _rule(ask, grant)
    return await _form(ask, grant, fields_of_rule(view.row.policy.rules[position]), position=position + 1)


async def add(ask: Ask) -> Answer:
    """Adds a rule, or shows what would be so with it. Raises as `Retention.create` and `update`."""
    grant = await ask.project(READ, CREATE, UPDATE)
    view = await ask.parts.retention.of_project(grant)
    policy = view.row.policy if view else EMPTY
    number = max((rule.id for rule in policy.rules), default=0) + 1

    def changed(rule: RetentionRule) -> RetentionPolicy:
        return replace(policy, rules=(*policy.rules, replace(rule, id=number)))

    return await _take(ask, grant, view, changed, None)


async def change(ask: Ask) -> Answer:
    """Changes a rule, or shows what would be so with it. Raises as `Retention.update`."""
    grant = await ask.project(READ, UPDATE)
    view, position = await _rule(ask, grant)
    _same(ask, view)
    before = view.row.policy.rules

    def changed(rule: RetentionRule) -> RetentionPolicy:
        rule = replace(rule, id=before[position].id, disabled=before[position].disabled)
        return replace(view.row.policy, rules=(*before[:position], rule, *before[position + 1 :]))

    return await _take(ask, grant, view, changed, position + 1)


async def show_end(ask: Ask) -> Answer:
    """What would be so without a rule, or with it again."""
    grant = await ask.project(READ, UPDATE)
    view, position = await _rule(ask, grant)
    how = ask.captured["how"]
    shown = {
        **await _frame(ask, grant),
        "rule": view.row.policy.rules[position],
        "position": position + 1,
        "how": how,
        "revision": view.row.revision,
        "preview": await preview(ask.parts.previews.of_policy(grant, _ended(view, position, how))),
    }
    return View("retention_end", shown)


async def end(ask: Ask) -> Answer:
    """Removes a rule, has it not count, or count again. Raises as `Retention.update`."""
    grant = await ask.project(READ, UPDATE)
    view, position = await _rule(ask, grant)
    _same(ask, view)
    await ask.parts.retention.update(grant, view.row.id, _ended(view, position, ask.captured["how"]))
    return _back(grant, ask.say("The rules are changed."))


async def show_preview(ask: Ask) -> Answer:
    """What the rules would take now."""
    grant = await ask.project(READ)
    found = await preview(ask.parts.previews.of_project(grant))
    return View("retention_preview", {**await _frame(ask, grant), "preview": found})


async def plan(ask: Ask) -> Answer:
    """Has the rules be carried out by a schedule, or only when asked for. Raises as `Retention.update`."""
    grant = await ask.project(READ, UPDATE)
    view = await _view(ask, grant)
    when = ask.form.text("when")
    cron = SCHEDULES[when] if when in SCHEDULES else ask.form.text("cron")
    await ask.parts.retention.update(grant, view.row.id, replace(view.row.policy, cron=cron))
    return _back(grant, ask.say("The schedule is saved."))


async def remove(ask: Ask) -> Answer:
    """Removes all rules and the schedule. Raises as `Retention.delete`."""
    grant = await ask.project(READ, DELETE)
    view = await _view(ask, grant)
    await ask.parts.retention.delete(grant, view.row.id)
    return _back(grant, ask.say("There are no rules any more: everything is kept."))


async def _take(
    ask: Ask, grant: ProjectGrant, view: PolicyView | None, changed: Changed, position: int | None
) -> Answer:
    """Saves what the form makes of the policy, or shows it again: with what it would do, or with what is wrong."""
    fields = sent(ask.form)
    try:
        policy: RetentionPolicy = changed(retention_rule(fields, 0, disabled=False))
        if ask.form.text("do") != "save":
            found = await preview(ask.parts.previews.of_policy(grant, policy))
            return await _form(ask, grant, fields, position=position, found=found)
        if view is None:
            await ask.parts.retention.create(grant, policy)
        else:
            await ask.parts.retention.update(grant, view.row.id, policy)
    except (Invalid, Conflict) as error:
        return await _form(ask, grant, fields, position=position, wrong=error)
    return _back(grant, ask.say("The rule is saved. It counts from the next run on."))


async def _form(
    ask: Ask,
    grant: ProjectGrant,
    fields: RuleFields,
    *,
    position: int | None,
    found: Preview | None = None,
    wrong: EntrepotError | None = None,
) -> Answer:
    view = await ask.parts.retention.of_project(grant)
    templates = {**OFFERED, **{old: text for old, text in OLD.items() if old.value == fields.template}}
    shown = {
        **await _frame(ask, grant),
        "fields": fields,
        "templates": templates,
        "position": position,
        "revision": view.row.revision if view else 0,
        "preview": found,
        "wrong": str(wrong or ""),
    }
    return View("retention_rule", shown, status=400 if wrong else 200)


async def _frame(ask: Ask, grant: ProjectGrant) -> dict[str, Any]:
    return {**await frame_of(ask, grant, TAB), "part_of": "retention"}


async def _view(ask: Ask, grant: ProjectGrant) -> PolicyView:
    view = await ask.parts.retention.of_project(grant)
    if view is None:
        raise Unknown(f"the project {grant.project.name} has no rules of retention")
    return view


async def _rule(ask: Ask, grant: ProjectGrant) -> tuple[PolicyView, int]:
    """The policy, and the place of the rule that the address names, from 0. Raises Unknown."""
    view = await _view(ask, grant)
    position = ask.number() - 1
    if not 0 <= position < len(view.row.policy.rules):
        raise Unknown(f"the project {grant.project.name} has no rule {position + 1}")
    return view, position


def _same(ask: Ask, view: PolicyView) -> None:
    """Returns if the form is about the rules as they are. Raises Conflict: rules are known by their places."""
    if ask.form.whole("revision", -1, least=-1) != view.row.revision:
        raise Conflict("the rules were changed since the page was made: look at them again")


def _ended(view: PolicyView, position: int, how: str) -> RetentionPolicy:
    rules = view.row.policy.rules
    if how == "remove":
        return replace(view.row.policy, rules=(*rules[:position], *rules[position + 1 :]))
    if how in ("disable", "enable"):
        changed = replace(rules[position], disabled=how == "disable")
        return replace(view.row.policy, rules=(*rules[:position], changed, *rules[position + 1 :]))
    raise Unknown(f"nothing of a rule is called {how[:64]!r}")


def _back(grant: ProjectGrant, sentence: str) -> Go:
    return Go(address(grant.project.name, TAB), Said(sentence))


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "policies", show),
    reading(Place.PROJECT, "policies/preview", show_preview),
    reading(Place.PROJECT, "policies/rules/new", show_form),
    changing(Place.PROJECT, "policies/rules/new", add),
    reading(Place.PROJECT, "policies/rules/{id}", show_rule),
    changing(Place.PROJECT, "policies/rules/{id}", change),
    reading(Place.PROJECT, "policies/rules/{id}/{how}", show_end),
    changing(Place.PROJECT, "policies/rules/{id}/{how}", end),
    changing(Place.PROJECT, "policies/schedule", plan),
    changing(Place.PROJECT, "policies/remove", remove),
)
