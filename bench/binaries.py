"""The programs a run needs: on PATH, built before, built now, or a sentence about what to do."""

import os
import shutil
import subprocess
from pathlib import Path

from bench.errors import NotHere

DISTRIBUTION = "github.com/distribution/distribution/v3/cmd/registry"
CRANE = "github.com/google/go-containerregistry/cmd/crane"
PATIENCE = 1200.0


class Binaries:
    """Finds programs; what Go builds is kept in `folder` for the next run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def distribution(self) -> Path:
        """distribution 3's `registry`. Raises NotHere when it is not here and Go cannot build it."""
        return self._go("registry", DISTRIBUTION)

    def crane(self) -> Path:
        """The client `crane`. Raises NotHere when it is not here and Go cannot build it."""
        return self._go("crane", CRANE)

    def docker_registry(self) -> Path:
        """Debian's registry 2. Raises NotHere when it is missing and cannot be installed."""
        return self._debian("docker-registry", "docker-registry")

    def nginx(self) -> Path:
        """nginx. Raises NotHere when it is missing and cannot be installed."""
        return self._debian("nginx", "nginx")

    def zot(self) -> Path:
        """zot, which only PATH can give. Raises NotHere otherwise."""
        found = self._find("zot")
        if found is None:
            raise NotHere("no `zot` on PATH: put a release's binary there to have it measured")
        return found

    def _find(self, name: str) -> Path | None:
        built = self._folder / name
        if built.exists():
            return built
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        return Path(found) if found else None

    def _go(self, name: str, module: str) -> Path:
        found = self._find(name)
        if found is not None:
            return found
        go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
        if go is None:
            raise NotHere(f"no `{name}` on PATH, and no Go to build it: install Go, or put `{name}` on PATH")
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(self._folder.resolve()), "GOFLAGS": "-p=1"}
        built = subprocess.run([go, "install", f"{module}@latest"], env=environment, check=False, timeout=PATIENCE)
        if built.returncode:
            raise NotHere(f"`go install {module}@latest` failed")
        return self._folder / name

    def _debian(self, name: str, package: str) -> Path:
        found = self._find(name)
        if found is not None:
            return found
        line = f"apt-get install --no-install-recommends -y {package}"
        apt = shutil.which("apt-get")
        if apt is None or os.geteuid() != 0:
            raise NotHere(f"no `{name}` on PATH: run `{line}` as root")
        # At run level 1 Debian installs a daemon without starting it; only the measured one shall run.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run(
            [apt, *line.split()[1:]], env=environment, stdout=subprocess.DEVNULL, check=False, timeout=PATIENCE
        )
        found = self._find(name)
        if found is None:
            raise NotHere(f"`{line}` did not bring `{name}`")
        return found
