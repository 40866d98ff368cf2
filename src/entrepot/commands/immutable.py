"""`entrepot immutable`: which tags of a project never change."""

from typing import Annotated

from cyclopts import App, Parameter

from entrepot.app import House
from entrepot.commands.house import ask_of_project
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import print_json, print_table, say
from entrepot.model.grant import ProjectGrant
from entrepot.model.immutability import MOST_RULES, ImmutableRule, only
from entrepot.model.query import ListQuery
from entrepot.model.selector import KIND, SelectorText, parse_repository_selectors, parse_tag_selectors
from entrepot.registry.immutable_rules import ImmutableRules

immutable = App(name="immutable", help="Say which tags of a project are neither moved nor deleted.")
ProjectName = Annotated[str, Parameter(name="PROJECT")]
Flag = Annotated[bool, Parameter(negative="")]


@immutable.command(name="list", help_epilogue="Example:\n\n  entrepot immutable list shop")
def list_(project: ProjectName, /, *, json: Flag = False, place: Place = HERE) -> int:
    """List a project's rules for immutable tags.

    Parameters
    ----------
    project
        The project.
    json
        Print JSON.
    """

    async def page(house: House, grant: ProjectGrant) -> list[ImmutableRule]:
        return (await ImmutableRules(house.db).page(grant, ListQuery(page_size=MOST_RULES)))[0]

    found = ask_of_project(place, project, page)
    if json:
        print_json(
            [
                {
                    "id": rule.id,
                    "disabled": rule.disabled,
                    "tags": {"decoration": rule.tags.decoration, "pattern": rule.tags.pattern.text},
                    "repositories": {
                        "decoration": rule.repositories.decoration,
                        "pattern": rule.repositories.pattern.text,
                    },
                }
                for rule in found
            ]
        )
        return 0
    print_table(
        ("ID", "TAGS", "REPOSITORIES", "STATE"),
        [
            (
                str(rule.id),
                rule.tags.phrase or "all",
                rule.repositories.phrase or "all",
                "disabled" if rule.disabled else "enabled",
            )
            for rule in found
        ],
        nothing="No tag is immutable.",
    )
    return 0


@immutable.command(
    help_epilogue="Examples:\n\n  entrepot immutable add shop 'v*'\n\n"
    "  entrepot immutable add shop '**' --repositories 'release/**'"
)
def add(
    project: ProjectName,
    tags: Annotated[str, Parameter(name="TAGS")],
    /,
    *,
    repositories: str = "**",
    place: Place = HERE,
) -> int:
    """Have tags be immutable: from now on they are neither moved nor deleted.

    Parameters
    ----------
    project
        The project.
    tags
        A pattern of tags, as in v*.
    repositories
        A pattern of repositories, named without the project; all if not said otherwise.
    """
    tag = SelectorText(kind=KIND, decoration="matches", pattern=tags)
    where = SelectorText(kind=KIND, decoration="repoMatches", pattern=repositories)
    rule = ImmutableRule(
        id=0,
        priority=0,
        disabled=False,
        tags=only(parse_tag_selectors([tag]), "tag"),
        repositories=only(parse_repository_selectors([where]), "repository"),
    )
    rule_id = ask_of_project(place, project, lambda house, grant: ImmutableRules(house.db).create(grant, rule))
    print(rule_id)
    say(f"Rule {rule_id}: {rule.phrase} are immutable.")
    return 0


@immutable.command(help_epilogue="Example:\n\n  entrepot immutable remove shop 3")
def remove(project: ProjectName, rule: Annotated[int, Parameter(name="RULE")], /, *, place: Place = HERE) -> int:
    """Remove a rule, so that its tags can be moved and deleted again.

    Parameters
    ----------
    project
        The project.
    rule
        The rule's id, as `entrepot immutable list` tells it.
    """
    ask_of_project(place, project, lambda house, grant: ImmutableRules(house.db).delete(grant, rule))
    say(f"The rule {rule} is gone.")
    return 0
