"""Deletions that can be undone, and what tags have named."""

from enum import StrEnum

from entrepot.model.permission import Permission, Resource, Verb

MARK = "#"
"""Behind the name of what is in the trash, before its id: no project, repository or robot can be called so."""


class TrashKind(StrEnum):
    """What was deleted."""

    TAG = "tag"
    ARTIFACT = "artifact"
    REPOSITORY = "repository"
    PROJECT = "project"

    @property
    def permission(self) -> Permission:
        """What somebody needs to delete it, and so to see it in the trash, to restore it, to purge it."""
        return Permission(Resource(self.value), Verb.DELETE)


class Moving(StrEnum):
    """Where the contents of a large deletion are on their way to, some artifacts at a time."""

    AWAY = "away"
    """Into the trash."""
    BACK = "back"
    """Out of it."""


class MoveKind(StrEnum):
    """How a tag came to name something else."""

    MOVED = "moved"
    """By a push, by being made, or by copying."""
    DELETED = "deleted"
    RESTORED = "restored"
    ROLLED_BACK = "rolled-back"
