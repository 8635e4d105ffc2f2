"""The real Foundry Local on a loopback port: ``python foundry_service.py MODEL_FOLDER DATA_FOLDER PORT``.

Its service lists what a catalogue names and what lies in its cache. The public catalogue is not asked: one of our
own, on loopback, names the one model, whose files are put into the cache. Run by the Python that has foundry-local-sdk.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

_NAME: Final = "smollm2-135m-instruct-generic-cpu"
_ALIAS: Final = "smollm2-135m"
_PUBLISHER: Final = "Samovar"
_VERSION: Final = 1
_TEMPLATE: Final = {
    "system": "<|im_start|>system\n{Content}<|im_end|>\n",
    "user": "<|im_start|>user\n{Content}<|im_end|>\n",
    "assistant": "<|im_start|>assistant\n{Content}<|im_end|>\n",
    "prompt": "<|im_start|>user\n{Content}<|im_end|>\n<|im_start|>assistant\n",
}


def main() -> None:
    """Serve until a signal ends it."""
    model, data_folder, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    fill_cache(model, data_folder / "models" / _PUBLISHER / f"{_NAME}-{_VERSION}")
    catalogue = ThreadingHTTPServer(("127.0.0.1", 0), Catalogue)
    threading.Thread(target=catalogue.serve_forever, daemon=True).start()
    os.environ["ORT_TELEMETRY_DISABLED"] = "1"
    import foundry_local_sdk as foundry  # type: ignore[import-not-found]  # installed only where the service is

    foundry.FoundryLocalManager.initialize(
        foundry.Configuration(
            app_name="samovar-live",
            app_data_dir=str(data_folder),
            model_cache_dir=str(data_folder / "models"),
            logs_dir=str(data_folder / "logs"),
            web=foundry.Configuration.WebService(urls=f"http://127.0.0.1:{port}"),
            catalog_urls=[(f"http://127.0.0.1:{catalogue.server_port}/", None)],
            additional_settings={"DisableNonessentialTelemetry": "true"},
        )
    )
    foundry.FoundryLocalManager.instance.start_web_service()
    signal.pause()


def fill_cache(model: Path, place: Path) -> None:
    """Put the files of the model where the service looks for them, without copying."""
    place.mkdir(parents=True, exist_ok=True)
    for file in model.iterdir():
        if not (place / file.name).exists():
            os.link(file, place / file.name)
    described = {"Name": f"{_NAME}:{_VERSION}", "PromptTemplate": _TEMPLATE}
    (place / "inference_model.json").write_text(json.dumps(described), encoding="utf-8")


class Catalogue(BaseHTTPRequestHandler):
    """Answers every question with the one model. Source: requests of foundry-local-sdk 2.2, 2026."""

    def do_POST(self) -> None:
        """Answer a search."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.dumps({"totalCount": 1, "value": [catalogue_entry()]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def catalogue_entry() -> dict[str, Any]:
    """The model as the public catalogue would describe it."""
    asset = f"azureml://registries/azureml/models/{_NAME}/versions/{_VERSION}"
    variant = {
        "modelType": "ONNX",
        "device": "cpu",
        "executionProvider": "CPUExecutionProvider",
        "fileSizeBytes": 90_000_000,
    }
    return {
        "assetId": asset,
        "entityId": asset,
        "annotations": {
            "tags": {
                "alias": _ALIAS,
                "foundryLocal": "true",
                "task": "chat-completion",
                "license": "apache-2.0",
                "promptTemplate": json.dumps(_TEMPLATE),
                "supportsToolCalling": "false",
                "maxOutputTokens": "2048",
            },
            "systemCatalogData": {"publisher": _PUBLISHER, "displayName": "SmolLM2 135M", "maxOutputTokens": 2048},
        },
        "properties": {
            "id": f"{_NAME}:{_VERSION}",
            "name": _NAME,
            "version": _VERSION,
            "variantInfo": {
                "parents": [{"assetId": f"azureml://registries/azureml/models/{_ALIAS}/versions/1"}],
                "variantMetadata": variant,
            },
            "creationContext": {"createdTime": "2026-01-01T00:00:00Z"},
        },
    }


if __name__ == "__main__":
    main()
