"""The right of a project's policy to carry out its own rules, and nothing else."""

from entrepot.db import projects, repositories, retention
from entrepot.db.contract import Transaction
from entrepot.model.errors import Denied
from entrepot.model.grant import Principal, Proof, RepositoryGrant
from entrepot.model.project import Action
from entrepot.model.reference import RepositoryName

MAY = frozenset({Action.PULL, Action.DELETE})


def retention_grant(tx: Transaction, policy_id: int, revision: int, repository_id: int) -> RepositoryGrant | None:
    """A grant to delete from a repository of the policy's project, as of now; None if the repository is gone.

    Raises Denied if the policy is not any more what it was in that revision, or its project is in the trash.
    """
    policy = retention.find(tx, policy_id)
    project = None if policy is None else projects.by_id(tx, policy.project_id)
    if policy is None or project is None:
        raise Denied("the policy, or its project, was deleted meanwhile; nothing more is taken")
    if policy.revision != revision:
        raise Denied("the policy was changed meanwhile; nothing more is taken by the rules as they were")
    name = repositories.name_in(tx, project.id, repository_id)
    if name is None:
        return None
    principal = Principal(user_id=None, name=f"retention of {project.name}", admin=False, proof=Proof.ITSELF)
    return RepositoryGrant(
        principal=principal,
        project=project,
        name=RepositoryName.parse(name),
        repository_id=repository_id,
        actions=MAY,
    )
