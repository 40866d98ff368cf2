"""What addresses name."""

import pytest

from entrepot.model.errors import Unknown
from entrepot.web.subject import Place, address, subject_of, written


@pytest.mark.parametrize(
    ("path", "place", "named", "page"),
    [
        ("/", Place.HOUSE, "", ""),
        ("/-/jobs/12", Place.HOUSE, "", "jobs/12"),
        ("/shop", Place.PROJECT, "shop", ""),
        ("/shop/", Place.PROJECT, "shop", ""),
        ("/shop/-/members", Place.PROJECT, "shop", "members"),
        ("/shop/api", Place.REPOSITORY, "shop/api", ""),
        ("/shop/api/v1/-/history", Place.REPOSITORY, "shop/api/v1", "history"),
        ("/shop/api:2.4.1", Place.ARTIFACT, "shop/api:2.4.1", ""),
        (f"/shop/api@sha256:{'a' * 64}/-/layers", Place.ARTIFACT, f"shop/api@sha256:{'a' * 64}", "layers"),
        (f"/shop/api:1@sha256:{'a' * 64}", Place.ARTIFACT, f"shop/api@sha256:{'a' * 64}", ""),
        ("/-/r/api", Place.PROJECT, "api", ""),
        ("/-/r/v2/x:1/-/layers", Place.ARTIFACT, "v2/x:1", "layers"),
    ],
)
def test_an_address_names_something(path: str, place: Place, named: str, page: str) -> None:
    subject = subject_of(path)
    assert (subject.place, subject.page) == (place, page)
    if place is Place.PROJECT:
        assert subject.project == named
    elif place is Place.REPOSITORY:
        assert str(subject.repository) == named
    elif place is Place.ARTIFACT:
        assert written(subject.name.text, subject.ref) == named
    if not path.endswith("/") and "1@" not in path:
        assert address(named, page) == path


@pytest.mark.parametrize(
    "path",
    ["/Shop", "/shop/api:", "/shop:1", "/shop/api@md5:1", "/a b", "/shop//api", "/..", "/shop/api:-"],
)
def test_what_can_name_nothing(path: str) -> None:
    with pytest.raises(Unknown):
        subject_of(path)
