"""What was deleted and can be given back, what became of tags, and what must not be deleted."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from entrepot.db.schema.base import BY_KEY, NEVER_REUSED, Name, Number, metadata

trash = Table(
    "trash",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", Text, nullable=False, comment="`model.trash.TrashKind`"),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("project", Name, nullable=False, comment="The project's name when it was deleted."),
    Column("repository_id", BigInteger, comment="NULL: a project."),
    Column("repository", Name, comment="Its whole name."),
    Column("name", Name, nullable=False, comment="Of the tag, repository or project; of an artifact its digest."),
    Column("digest", LargeBinary, comment="Of the artifact; of a tag what it named."),
    Column("deleted_at", BigInteger, nullable=False),
    Column("deleted_by", Name, nullable=False),
    Column("expires_at", BigInteger, nullable=False, comment="From then on it goes for good."),
    Column("size", BigInteger, nullable=False, comment="Bytes of all that is in it, each content once."),
    Column("contents", Text, nullable=False, comment="How many of what is in it, as JSON."),
    Column("kept", Text, nullable=False, comment="What has no row of its own any more, as JSON."),
    Column("purging", Boolean, nullable=False, comment="It is going for good: nothing of it can be restored."),
    Column("moving", Text, comment="`model.trash.Moving`: its contents are on their way; NULL: all of them are there."),
    Index(None, "project_id"),
    Index(None, "expires_at"),
    comment="Deletions that can be undone, a row each. What is in them: manifests.trash_id and trash_tags.",
    **NEVER_REUSED,
)

Index(
    "ix_trash_moving",
    trash.c.moving,
    trash.c.id,
    sqlite_where=trash.c.moving.isnot(None),
    postgresql_where=trash.c.moving.isnot(None),
)

trash_tags = Table(
    "trash_tags",
    metadata,
    Column("trash_id", BigInteger, ForeignKey("trash.id", ondelete="CASCADE"), nullable=False),
    Column("name", Name, nullable=False),
    Column("tag_id", BigInteger, nullable=False, comment="The id that the tag had and will have again."),
    Column("manifest_id", BigInteger, ForeignKey("manifests.id", ondelete="CASCADE"), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("pulled_at", BigInteger, comment="NULL: never."),
    PrimaryKeyConstraint("trash_id", "name"),
    Index(None, "manifest_id"),
    comment="Tags as they were when they were deleted.",
    **BY_KEY,
)

tag_moves = Table(
    "tag_moves",
    metadata,
    Column("id", Number, primary_key=True),
    Column("repository_id", BigInteger, ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False),
    Column("tag", Name, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Name, nullable=False),
    Column("through", Text, nullable=False, comment="`model.grant.Proof`"),
    Column("kind", Text, nullable=False, comment="`model.trash.MoveKind`"),
    Column("digest_before", LargeBinary, comment="The digest that it named; NULL: there was no such tag."),
    Column("digest_after", LargeBinary, comment="The digest that it names since; NULL: there is no such tag."),
    Index(None, "repository_id", "tag", "id"),
    Index(None, "at"),
    comment="What each tag has named: the newest moves of each.",
    **NEVER_REUSED,
)

holds = Table(
    "holds",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column(
        "repository_id", BigInteger, ForeignKey("repositories.id", ondelete="CASCADE"), comment="NULL: all of them."
    ),
    Column("digest", LargeBinary, comment="NULL: all of the repository."),
    Column("tag", Name, comment="The tag that must stay with the artifact as well; NULL: the artifact alone."),
    Column("reason", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("placed_by", Name, nullable=False),
    Index(None, "project_id", "repository_id", "digest"),
    Index(None, "repository_id"),
    comment="What nobody may delete until it is lifted.",
    **NEVER_REUSED,
)
