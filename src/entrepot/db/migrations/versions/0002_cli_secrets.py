"""Secrets for clients, beside passwords."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column(
            "cli_secret_hash",
            sa.Text(),
            nullable=True,
            comment="Of the secret for clients, beside the password; NULL: there is none.",
        ),
    )
