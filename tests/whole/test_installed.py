"""The package as `pip install .` makes it: with everything that is no Python file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def test_an_installed_package_opens_a_registry_from_nothing(tmp_path: Path) -> None:
    target = tmp_path / "installed"
    arguments = ["install", "--quiet", "--no-deps", "--target", str(target), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True, timeout=300)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
    environment = inherited | {"PYTHONPATH": str(target)}
    code = "import entrepot.web.asset as a; a.Assets().address('app.css'); print(a.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert where.stdout.startswith(str(target))
    data = tmp_path / "data"
    serve = [str(target / "bin" / "entrepot"), "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(serve, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Entrepot is running\n"
        process.terminate()
        process.stderr.read()
    assert process.returncode == 0
    command = [str(target / "bin" / "entrepot"), "project", "list", "--json", "--data", str(data)]
    listed = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '"library"' in listed.stdout
