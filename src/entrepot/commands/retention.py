"""`entrepot retention`: what is kept of a project's artifacts, tried and carried out."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from entrepot.app import House
from entrepot.commands.house import ask_of_project
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import day_of, print_json, print_table, say
from entrepot.db.retention_runs import Result
from entrepot.model.errors import RecordUnknown
from entrepot.model.grant import ProjectGrant
from entrepot.model.retention import RetentionRule, Template
from entrepot.registry.previews import Previews
from entrepot.registry.retention import PolicyView, Retention
from entrepot.registry.retention_runs import RetentionRuns

retention = App(name="retention", help="Say what is kept of a project's artifacts: show the rules, try them, run them.")
ProjectName = Annotated[str, Parameter(name="PROJECT")]
Flag = Annotated[bool, Parameter(negative="")]
_KEEPS = {
    Template.LATEST_PUSHED: "the {} artifacts pushed last",
    Template.LATEST_PULLED: "the {} artifacts pulled last",
    Template.LATEST_ACTIVE: "the {} artifacts pushed or pulled last",
    Template.PUSHED_WITHIN: "what was pushed within {} days",
    Template.PULLED_WITHIN: "what was pulled within {} days",
    Template.LAST_DAYS: "what was pushed within {} days",
    Template.ALWAYS: "everything",
}


@retention.command(help_epilogue="Example:\n\n  entrepot retention show shop")
def show(project: ProjectName, /, *, json: Flag = False, place: Place = HERE) -> int:
    """Show a project's rules, and when they are carried out.

    Parameters
    ----------
    project
        The project.
    json
        Print JSON.
    """
    view = ask_of_project(place, project, _policy)
    policy = view.row.policy
    if json:
        print_json(
            {
                "id": view.row.id,
                "cron": policy.cron,
                "next_run": view.next_run,
                "rules": [_told_rule(rule) for rule in policy.rules],
            }
        )
        return 0
    print_table(
        ("RULE", "KEEPS", "TAGS", "REPOSITORIES", "UNTAGGED", "STATE"),
        [
            (
                str(number),
                _KEEPS[rule.template].format(rule.number),
                rule.about or "all",
                " and ".join(one.phrase for one in rule.repositories if one.phrase) or "all",
                "selected" if rule.selects(None) else "not selected",
                "disabled" if rule.disabled else "enabled",
            )
            for number, rule in enumerate(policy.rules, 1)
        ],
        nothing="The policy has no rules, and so takes nothing.",
    )
    if view.next_run is None:
        say("It is carried out when somebody asks for it.")
    else:
        say(f"It is carried out by the schedule {policy.cron}, next at {day_of(view.next_run)} UTC.")
    return 0


@retention.command(
    help_epilogue="Examples:\n\n  entrepot retention preview shop\n\n  entrepot retention preview shop --all --json"
)
def preview(project: ProjectName, /, *, all: Flag = False, json: Flag = False, place: Place = HERE) -> int:  # noqa: A002
    """Tell what a project's rules would take now, and why. Takes nothing.

    Parameters
    ----------
    project
        The project.
    all
        Tell what would stay as well.
    json
        Print JSON, what would stay included.
    """

    async def look(house: House, grant: ProjectGrant) -> list[tuple[str, Result]]:
        await _policy(house, grant)
        found = Previews(house.db, house.rules).of_project(grant)
        return [(name, one) async for name, some in found for one in some if all or json or not one.kept]

    found = ask_of_project(place, project, look)
    if json:
        print_json([_told_result(project, name, one) for name, one in found])
        return 0
    print_table(
        ("REPOSITORY", "TAG", "DIGEST", "", "WHY"),
        [
            (
                f"{project}/{name}",
                one.tag or "(no tag)",
                str(one.digest)[:19],
                "stays" if one.kept else "goes",
                one.why,
            )
            for name, one in found
        ],
        nothing="Nothing would be taken.",
    )
    return 0


@retention.command(help_epilogue="Example:\n\n  entrepot retention run shop")
def run(project: ProjectName, /, *, place: Place = HERE) -> int:
    """Have a project's rules carried out, as a job that `entrepot serve` or `entrepot work` does.

    What goes is in the trash for as long as the project says.

    Parameters
    ----------
    project
        The project.
    """

    async def request(house: House, grant: ProjectGrant) -> int:
        view = await _policy(house, grant)
        return await RetentionRuns(house.db).request(grant, view.row.id, dry_run=False)

    job_id = ask_of_project(place, project, request)
    print(job_id)
    say(f"The rules are carried out as job {job_id}: `entrepot job show {job_id} --follow` tells how it goes.")
    return 0


async def _policy(house: House, grant: ProjectGrant) -> PolicyView:
    view = await Retention(house.db).of_project(grant)
    if view is None:
        raise RecordUnknown(f"the project {grant.project.name} has no rules of retention, so everything is kept")
    return view


def _told_rule(rule: RetentionRule) -> dict[str, Any]:
    return {
        "keeps": rule.template.value,
        "number": rule.number,
        "disabled": rule.disabled,
        "untagged": rule.selects(None),
        "tags": [{"decoration": one.decoration, "pattern": one.pattern.text} for one in rule.tags],
        "repositories": [{"decoration": one.decoration, "pattern": one.pattern.text} for one in rule.repositories],
    }


def _told_result(project: str, repository: str, result: Result) -> dict[str, Any]:
    return {
        "repository": f"{project}/{repository}",
        "digest": str(result.digest),
        "tag": result.tag,
        "kept": result.kept,
        "why": result.why,
    }
