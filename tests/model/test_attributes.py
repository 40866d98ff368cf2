"""What configurations tell, what is left out of them, and that no configuration is refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.model.attributes import (
    LARGEST_ATTRIBUTES,
    LARGEST_CONFIG,
    as_text,
    build_history,
    chart_dependencies,
    image_attributes,
    plain_attributes,
)

from . import artifact_samples as samples

UNKNOWN_IMAGE: dict[str, Any] = {"created": None, "architecture": "", "os": "", "author": "", "config": {}}


def image(**config: Any) -> dict[str, Any]:
    return image_attributes(json.dumps(config).encode())


def test_an_image_of_docker() -> None:
    assert image_attributes(samples.DOCKER_CONFIG_BLOB) == {
        "created": "2026-02-03T04:05:06.123456789Z",
        "architecture": "amd64",
        "os": "linux",
        "author": "the image's makers",
        "variant": "v2",
        "config": {
            "Env": ["PATH=/usr/local/bin:/usr/bin"],
            "Cmd": ["nginx", "-g", "daemon off;"],
            "ExposedPorts": {"80/tcp": {}},
            "Labels": {"maintainer": "the image's makers"},
            "StopSignal": "SIGQUIT",
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30000000000},
        },
    }


def test_an_image_that_says_next_to_nothing() -> None:
    assert image_attributes(samples.CRANE_CONFIG.encode()) == {**UNKNOWN_IMAGE, "created": "0001-01-01T00:00:00Z"}
    windows = image(**{"os": "windows", "os.version": "10.0.20348.2700", "os.features": ["win32k"]})
    assert (windows["os.version"], windows["os.features"]) == ("10.0.20348.2700", ["win32k"])


def test_an_author_is_looked_for_in_the_labels() -> None:
    labels = {"maintainer": "second", "org.opencontainers.image.authors": "first"}
    assert image(author="named", config={"Labels": labels})["author"] == "named"
    assert image(config={"Labels": labels})["author"] == "first"
    assert image(config={"Labels": {"maintainer": "second"}})["author"] == "second"


@pytest.mark.parametrize(
    "config",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"a":"\\ud800"}',
        b'{"os":"x"}' + b" " * LARGEST_CONFIG,
        b"[" * 10**5,
    ],
)
def test_what_cannot_be_read_tells_nothing(config: bytes | None) -> None:
    assert image_attributes(config) == UNKNOWN_IMAGE
    assert plain_attributes(config) == {}
    assert build_history(config) == chart_dependencies(config) == b"[]"


def test_what_is_wrong_is_left_out_and_the_rest_given() -> None:
    said = image(
        created="yesterday",
        architecture=["amd64"],
        os="linux",
        author=1,
        variant=2,
        config={"Env": "PATH=/", "Cmd": ["a", 1], "Labels": {"a": 1}, "User": "root", "Secret": "x"},
    )
    assert said == {**UNKNOWN_IMAGE, "os": "linux", "config": {"User": "root"}}
    assert image(config=[]) == UNKNOWN_IMAGE


def test_nul_and_depth_do_not_get_through() -> None:
    deep: Any = "bottom"
    deeper: Any = "bottom"
    for _ in range(40):
        deep, deeper = [deep], {"a": deeper}
    said = as_text(plain_attributes(json.dumps({"a\0": "b\0", "deep": deep, "deeper": deeper, "big": 2**80}).encode()))
    assert "\\u0000" not in said
    assert json.loads(said)["a\ufffd"] == "b\ufffd"
    assert "bottom" not in said
    assert json.loads(said)["big"] == 2**80


def test_what_takes_most_room_is_left_out_first() -> None:
    labels = {f"label.{number}": "x" * 100 for number in range(2000)}
    said = as_text(image(os="linux", config={"Labels": labels, "User": "root"}))
    assert len(said) <= LARGEST_ATTRIBUTES
    assert json.loads(said) == {**UNKNOWN_IMAGE, "os": "linux", "config": {"User": "root"}}
    many = plain_attributes(json.dumps({f"{number:05}": 0 for number in range(50_000)} | {"long": "x" * 9}).encode())
    kept = json.loads(as_text(many))
    assert "long" not in kept
    assert 1000 < len(kept) < 50_000


def test_build_history_of_an_image() -> None:
    assert json.loads(build_history(samples.DOCKER_CONFIG_BLOB)) == [
        {"created": "2026-02-03T04:05:06Z", "created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
        {"created": "2026-02-03T04:05:07Z", "created_by": 'CMD ["nginx"]', "empty_layer": True},
    ]
    odd = b'{"history":[1,{"created_by":2,"comment":"kept","more":3},null]}'
    assert build_history(odd) == b'[{"comment":"kept"}]'
    assert build_history(b'{"history":{}}') == b"[]"


@pytest.mark.parametrize("config", [samples.HELM_CONFIG_BLOB, samples.HELM_OLD_CONFIG_BLOB])
def test_dependencies_of_a_chart(config: str) -> None:
    assert json.loads(chart_dependencies(config.encode())) == [
        {
            "name": "redis",
            "version": "1.10.0",
            "repository": "https://charts.example.org",
            "condition": "redis.enabled",
            "tags": ["db"],
            "import-values": [{"child": "a", "parent": "b"}],
        }
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["config", "Labels", "Env", "history", "created", "os", "name", "a"]) | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_is_told_of_without_complaint(config: bytes) -> None:
    for told in (image_attributes(config), plain_attributes(config)):
        text = as_text(told)
        assert len(text.encode()) <= LARGEST_ATTRIBUTES
        assert isinstance(json.loads(text), dict)
    assert UNKNOWN_IMAGE.keys() <= image_attributes(config).keys()
    for listed in (build_history(config), chart_dependencies(config)):
        assert all(isinstance(one, dict) for one in json.loads(listed))
