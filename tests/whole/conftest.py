"""Nodes that are ended whatever becomes of a test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from .nodes import Node


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Starts a node; `data` names its folder, so that two may share one."""
    nodes: list[Node] = []

    def started(data: str = "data", **settings: str) -> Node:
        node = Node(tmp_path / data, **settings)
        nodes.append(node)
        return node.start()

    yield started
    for node in nodes:
        node.kill()


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """An S3 server with the bucket `objects`: what follows `?` in a storage URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="somebody",
        aws_secret_access_key="something",
        region_name="us-east-1",
    ).create_bucket(Bucket="objects")
    yield f"endpoint={endpoint}&access_key_id=somebody&secret_access_key=something&region=us-east-1"
    server.stop()
