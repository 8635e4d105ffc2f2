"""The scenes that the tiny eye was trained on, drawn by the tool that trains it."""

import sys
from pathlib import Path

# The package lies beside the scripts of tools/, which the type checker knows by that folder.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))

from tiny_eye.scenes import CAPTION_TOKENS, draw_scene

__all__ = ["CAPTION_TOKENS", "draw_scene"]
