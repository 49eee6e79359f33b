"""frames-to-video where ffmpeg knows no patterns: a list of the pictures, for as long as it runs."""

import json
import subprocess
import sys

from farmhand.worker.commands.frames_to_video import LIST, concat_script

# Stands for ffmpeg: shows its arguments and the list, and fails.
SHOW = """
import sys
print(sys.argv[1:])
print(open(sys.argv[sys.argv.index("-i") + 1], encoding="utf-8").read(), end="")
sys.exit(3)
"""


def video(folder, pattern):
    parameters = {"before": [sys.executable, "-X", "utf8", "-c", SHOW], "inputGlob": str(folder / pattern), "fps": 24}
    words = ["farmhand.worker.commands", "frames-to-video", json.dumps({**parameters, "after": ["-r", "24", "o.mp4"]})]
    return subprocess.run([sys.executable, "-X", "utf8", "-m", *words], capture_output=True, encoding="utf-8")


def test_pictures_are_listed_in_order_and_the_exit_code_is_that_of_ffmpeg(tmp_path):
    for name in ("b 2.png", "it's a 1.png", "é.png", "no.txt"):
        (tmp_path / name).touch()
    done = video(tmp_path, "*.png")
    assert done.returncode == 3, done.stderr
    arguments, _, listed = done.stdout.partition("\n")
    shown = ["-f", "concat", "-safe", "0", "-i", str(tmp_path / LIST), "-r", "24", "o.mp4"]
    assert arguments == repr(shown)
    assert listed == concat_script((str(tmp_path / name) for name in ("b 2.png", "it's a 1.png", "é.png")), 1 / 24)
    assert not (tmp_path / LIST).exists()


def test_the_list_is_as_ffmpeg_reads_it():
    assert concat_script([r"C:\it's\1.png"], 1 / 24) == "file 'C:\\it'\\''s\\1.png'\nduration 0.041667\n"


def test_no_picture_is_said(tmp_path):
    done = video(tmp_path, "*.png")
    assert (done.returncode, "inputGlob: there is no file like" in done.stderr) == (1, True)
