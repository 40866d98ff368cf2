"""Tags that never change: the project's rules, shown with what they would keep before they are saved."""

from dataclasses import replace
from typing import Any

from entrepot.model.errors import Conflict, EntrepotError, Invalid, Unknown
from entrepot.model.grant import ProjectGrant
from entrepot.model.immutability import MOST_RULES, ImmutableRule
from entrepot.model.query import Exactly, ListQuery
from entrepot.registry.immutable_rules import CREATE, DELETE, LIST, UPDATE
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.pages.rule_fields import NEW_IMMUTABLE, RuleFields, fields_of_immutable, immutable_rule, sent
from entrepot.web.pages.rule_preview import TagPreview, tag_preview
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

TAB = "policies"
PAGE = "policies/never-change"


async def show(ask: Ask) -> Answer:
    """The rules."""
    grant = await ask.project(LIST)
    query = ask.listed(page_size=MOST_RULES)
    rules, total = await ask.parts.immutable_rules.page(grant, query)
    shown = {
        **await _frame(ask, grant),
        "rules": rules,
        "total": total,
        "listed": query,
        "may_create": CREATE in grant.permissions,
        "may_change": UPDATE in grant.permissions,
        "may_delete": DELETE in grant.permissions,
    }
    return View("never_change", shown, topics=(f"project:{grant.project.name}",))


async def show_form(ask: Ask) -> Answer:
    """The form for a new rule."""
    grant = await ask.project(LIST, CREATE)
    return await _form(ask, grant, NEW_IMMUTABLE, None)


async def add(ask: Ask) -> Answer:
    """Makes a rule, or shows which tags it would keep. Raises as `ImmutableRules.create`."""
    grant = await ask.project(LIST, CREATE)
    return await _take(ask, grant, None)


async def show_rule(ask: Ask) -> Answer:
    """The form for a rule that there is."""
    grant = await ask.project(LIST, UPDATE)
    rule = await _rule(ask, grant)
    return await _form(ask, grant, fields_of_immutable(rule), rule)


async def change(ask: Ask) -> Answer:
    """Changes a rule, or shows which tags it would keep. Raises as `ImmutableRules.update`."""
    grant = await ask.project(LIST, UPDATE)
    return await _take(ask, grant, await _rule(ask, grant))


async def switch(ask: Ask) -> Answer:
    """Has a rule not count, or count again. Raises as `ImmutableRules.update`."""
    grant = await ask.project(LIST, UPDATE)
    rule = await _rule(ask, grant)
    disabled = not ask.form.ticked("on")
    await ask.parts.immutable_rules.update(grant, replace(rule, disabled=disabled))
    return _back(grant, ask.say("The rule does not count now.") if disabled else ask.say("The rule counts again."))


async def remove(ask: Ask) -> Answer:
    """Removes a rule. Raises as `ImmutableRules.delete`."""
    grant = await ask.project(DELETE)
    await ask.parts.immutable_rules.delete(grant, ask.number())
    return _back(grant, ask.say("The rule is gone: its tags can be moved and deleted again."))


async def _take(ask: Ask, grant: ProjectGrant, before: ImmutableRule | None) -> Answer:
    fields = sent(ask.form)
    try:
        rule = immutable_rule(fields, before.id if before else 0, disabled=before.disabled if before else False)
        if ask.form.text("do") != "save":
            found = await tag_preview(ask.parts.previews.immutable(grant, replace(rule, disabled=False)))
            return await _form(ask, grant, fields, before, found=found)
        if before is None:
            await ask.parts.immutable_rules.create(grant, rule)
        else:
            await ask.parts.immutable_rules.update(grant, rule)
    except (Invalid, Conflict) as error:
        return await _form(ask, grant, fields, before, wrong=error)
    return _back(grant, ask.say("The rule is saved, and counts from now on."))


async def _form(
    ask: Ask,
    grant: ProjectGrant,
    fields: RuleFields,
    before: ImmutableRule | None,
    *,
    found: TagPreview | None = None,
    wrong: EntrepotError | None = None,
) -> Answer:
    shown = {
        **await _frame(ask, grant),
        "fields": fields,
        "rule": before,
        "preview": found,
        "wrong": str(wrong or ""),
    }
    return View("never_change_rule", shown, status=400 if wrong else 200)


async def _rule(ask: Ask, grant: ProjectGrant) -> ImmutableRule:
    query = ListQuery(conditions={"id": Exactly(ask.number())}, page_size=1)
    found, _ = await ask.parts.immutable_rules.page(grant, query)
    if not found:
        raise Unknown(f"the project {grant.project.name} has no rule {ask.number()} for tags that never change")
    return found[0]


async def _frame(ask: Ask, grant: ProjectGrant) -> dict[str, Any]:
    return {**await frame_of(ask, grant, TAB), "part_of": "immutable"}


def _back(grant: ProjectGrant, sentence: str) -> Go:
    return Go(address(grant.project.name, PAGE), Said(sentence))


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "policies/never-change", show),
    reading(Place.PROJECT, "policies/never-change/new", show_form),
    changing(Place.PROJECT, "policies/never-change/new", add),
    reading(Place.PROJECT, "policies/never-change/{id}", show_rule),
    changing(Place.PROJECT, "policies/never-change/{id}", change),
    changing(Place.PROJECT, "policies/never-change/{id}/switch", switch),
    changing(Place.PROJECT, "policies/never-change/{id}/remove", remove),
)
