"""Long lists: a repository of very many tags, and very many repositories, put where a stopped server keeps them.

Pushing them would take hours. Rivals that keep names as folders are given these folders.
"""

import itertools
from pathlib import Path

from bench.many import FIRST, NOW, Amounts, Filler, fill

TAGS = 300_000
"""Of one repository."""
REPOSITORIES = 100_000
"""That one among them."""
PAGE = 1000
"""Names of one answer."""
REPOSITORY = "project-000000/app"
LISTS = {
    "tags-first": (f"1000 of {TAGS:,} tags", f"/v2/{REPOSITORY}/tags/list?n={PAGE}", f"repository:{REPOSITORY}:pull"),
    "tags-middle": (
        "… from their middle",
        f"/v2/{REPOSITORY}/tags/list?n={PAGE}&last=v150000",
        f"repository:{REPOSITORY}:pull",
    ),
    "catalog-first": (f"1000 of {REPOSITORIES:,} repositories", f"/v2/_catalog?n={PAGE}", "registry:catalog:*"),
    "catalog-middle": ("… from their middle", f"/v2/_catalog?n={PAGE}&last=project-050000/app", "registry:catalog:*"),
}
"""By the row's key: its title, what is asked, and the scope of the token for it."""


def write_rows(filler: Filler, more_tags: int = 0) -> None:
    """Adds them to Entrepot's database, and `more_tags` spread over all repositories."""
    fill(filler, Amounts(projects=REPOSITORIES, tags=TAGS, users=1000, labels=0, events=0))
    each = range(more_tags // REPOSITORIES)
    filler.fill(
        "tags",
        "repository_id,name,manifest_id,updated_at",
        (
            (place, f"t{number:05}", place, NOW + number)
            for place, number in itertools.product(range(FIRST + 1, FIRST + REPOSITORIES), each)
        ),
    )
    filler.finish()


def write_files(root: Path) -> None:
    """Adds them below `root` as distribution keeps them; each tag names a manifest that nobody will ask for."""
    repositories = root / "repositories"
    for number in range(REPOSITORIES):
        for mark in ("_layers", "_manifests"):  # Version 2 knows a repository by the one, version 3 by the other.
            (repositories / f"project-{number:06}" / "app" / mark).mkdir(parents=True)
    tags = repositories / REPOSITORY / "_manifests" / "tags"
    tags.mkdir()
    for number in range(TAGS):
        place = tags / f"v{number:06}" / "current"
        place.mkdir(parents=True)
        (place / "link").write_text(f"sha256:{number:064x}")
