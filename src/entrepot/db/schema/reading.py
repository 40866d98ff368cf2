"""What was read of the content of blobs, to be looked at without reading it again."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text

from entrepot.db.schema.base import Number, metadata

layer_indexes = Table(
    "layer_indexes",
    metadata,
    Column("blob_id", Number, ForeignKey("blobs.id"), primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False, comment="Of the format; one of another version is made again."),
    Column("key", Text, unique=True, comment="The object that holds the index; NULL: it could not be made."),
    Column("size", BigInteger, nullable=False, comment="Bytes of the object."),
    Column("tree_size", BigInteger, nullable=False, comment="Of these, the index; what follows is read in parts."),
    Column("entries", BigInteger, nullable=False),
    Column("unpacked", BigInteger, nullable=False, comment="Bytes of the layer, uncompressed."),
    Column("left_out", BigInteger, nullable=False, comment="Entries that lead elsewhere or are too long."),
    Column("reason", Text, nullable=False, comment="Why it could not be made, as a sentence; empty if it was."),
    Column("created_at", BigInteger, nullable=False),
    comment="Indexes of the layers of images. An index goes with its blob.",
)
