"""Deletions can be undone: the trash, what each tag has named, and holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_WINDOW = 7 * 24 * 3600 * 1_000_000


def upgrade() -> None:
    _trash()
    _tag_moves()
    _holds()
    op.add_column(
        "projects",
        sa.Column("trash_window", sa.BigInteger(), comment="Microseconds; NULL leaves it to the instance's setting."),
    )
    op.add_column(
        "projects",
        sa.Column(
            "deleted_at",
            sa.BigInteger(),
            comment="In the trash since then, its name with `#` and its id behind it; NULL: live.",
        ),
    )
    op.add_column(
        "manifests",
        sa.Column("trash_id", sa.BigInteger(), comment="The deletion that it is in; NULL: live, or going for good."),
    )
    op.drop_index("ix_manifests_deleted_at", "manifests")
    for name, column, condition in (
        ("ix_manifests_trash_id", "trash_id", "trash_id IS NOT NULL"),
        ("ix_manifests_going", "deleted_at", "deleted_at IS NOT NULL AND trash_id IS NULL"),
    ):
        op.create_index(
            name, "manifests", [column], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
        )
    _take_over()


def _trash() -> None:
    op.create_table(
        "trash",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="`model.trash.TrashKind`"),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("project", _NAME, nullable=False, comment="The project's name when it was deleted."),
        sa.Column("repository_id", sa.BigInteger(), comment="NULL: a project."),
        sa.Column("repository", _NAME, comment="Its whole name."),
        sa.Column(
            "name", _NAME, nullable=False, comment="Of the tag, repository or project; of an artifact its digest."
        ),
        sa.Column("digest", sa.LargeBinary(), comment="Of the artifact; of a tag what it named."),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_by", _NAME, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, comment="From then on it goes for good."),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="Bytes of all that is in it, each content once."),
        sa.Column("contents", sa.Text(), nullable=False, comment="How many of what is in it, as JSON."),
        sa.Column("kept", sa.Text(), nullable=False, comment="What has no row of its own any more, as JSON."),
        sa.Column(
            "purging", sa.Boolean(), nullable=False, comment="It is going for good: nothing of it can be restored."
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_trash_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trash")),
        comment="Deletions that can be undone, a row each. What is in them: manifests.trash_id and trash_tags.",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_trash_project_id"), "trash", ["project_id"])
    op.create_index(op.f("ix_trash_expires_at"), "trash", ["expires_at"])
    op.create_table(
        "trash_tags",
        sa.Column("trash_id", sa.BigInteger(), nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False, comment="The id that the tag had and will have again."),
        sa.Column("manifest_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("pulled_at", sa.BigInteger(), comment="NULL: never."),
        sa.ForeignKeyConstraint(
            ["manifest_id"], ["manifests.id"], name=op.f("fk_trash_tags_manifest_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["trash_id"], ["trash.id"], name=op.f("fk_trash_tags_trash_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trash_id", "name", name=op.f("pk_trash_tags")),
        comment="Tags as they were when they were deleted.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_trash_tags_manifest_id"), "trash_tags", ["manifest_id"])


def _tag_moves() -> None:
    op.create_table(
        "tag_moves",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("tag", _NAME, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", _NAME, nullable=False),
        sa.Column("through", sa.Text(), nullable=False, comment="`model.grant.Proof`"),
        sa.Column("kind", sa.Text(), nullable=False, comment="`model.trash.MoveKind`"),
        sa.Column("digest_before", sa.LargeBinary(), comment="The digest that it named; NULL: there was no such tag."),
        sa.Column(
            "digest_after",
            sa.LargeBinary(),
            comment="The digest that it names since; NULL: there is no such tag.",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_tag_moves_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_moves")),
        comment="What each tag has named: the newest moves of each.",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tag_moves_at"), "tag_moves", ["at"])
    op.create_index(op.f("ix_tag_moves_repository_id_tag_id"), "tag_moves", ["repository_id", "tag", "id"])


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), comment="NULL: all of them."),
        sa.Column("digest", sa.LargeBinary(), comment="NULL: all of the repository."),
        sa.Column("tag", _NAME, comment="The tag that must stay with the artifact as well; NULL: the artifact alone."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("placed_by", _NAME, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_holds_project_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_holds_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        comment="What nobody may delete until it is lifted.",
        sqlite_autoincrement=True,
    )
    columns = ["project_id", "repository_id", "digest"]
    op.create_index(op.f("ix_holds_project_id_repository_id_digest"), "holds", columns)
    op.create_index(op.f("ix_holds_repository_id"), "holds", ["repository_id"])


def _take_over() -> None:
    """What waits already is a deletion of its own each; where the project is gone, nothing can be restored to."""
    op.execute(
        "INSERT INTO trash (kind, project_id, project, repository_id, repository, name, digest, deleted_at,"
        " deleted_by, expires_at, size, contents, kept, purging)"
        " SELECT 'artifact', p.id, p.name, r.id, r.name, '', m.digest, m.deleted_at, '',"
        f" m.deleted_at + {_WINDOW}, m.size, '{{}}', '{{}}', FALSE"
        " FROM manifests m JOIN repositories r ON r.id = m.repository_id JOIN projects p ON p.id = r.project_id"
        " WHERE m.deleted_at IS NOT NULL"
    )
    op.execute(
        "UPDATE manifests SET trash_id = (SELECT t.id FROM trash t WHERE t.repository_id = manifests.repository_id"
        " AND t.digest = manifests.digest) WHERE deleted_at IS NOT NULL"
    )
