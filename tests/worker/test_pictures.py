"""What of a picture's file is sent."""

import io

import pytest
from PIL import Image

from farmhand.worker import pictures
from farmhand.worker.pictures import sendable


def made(folder, kind, mode="RGB", size=(64, 36)):
    path = folder / f"frame.{kind}"
    Image.effect_noise(size, 50).convert(mode).save(path, kind)
    return path


@pytest.mark.parametrize(("kind", "media_type"), [("png", "image/png"), ("jpeg", "image/jpeg")])
def test_what_a_browser_shows_is_sent_as_it_is(tmp_path, kind, media_type):
    path = made(tmp_path, kind)
    assert sendable(path) == (media_type, path.read_bytes())


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "CMYK"])
def test_tiff_is_sent_as_jpeg(tmp_path, mode):
    media_type, content = sendable(made(tmp_path, "tiff", mode))
    assert media_type == "image/jpeg"
    with Image.open(io.BytesIO(content)) as shown:
        assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (64, 36))


def test_what_is_too_large_is_sent_as_jpeg(tmp_path, monkeypatch):
    path = made(tmp_path, "png", size=(640, 360))
    monkeypatch.setattr(pictures, "LARGEST_PICTURE", path.stat().st_size - 1)
    media_type, content = sendable(path)
    assert (media_type, len(content) < path.stat().st_size) == ("image/jpeg", True)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="nothing in it"),
        pytest.param(b"v/1\x01", id="EXR"),
        pytest.param(b"II*\0 and then no TIFF", id="a TIFF that is none"),
    ],
)
def test_what_is_no_picture_is_not_sent(tmp_path, content):
    path = tmp_path / "frame"
    if content is not None:
        path.write_bytes(content)
    assert sendable(path) is None
