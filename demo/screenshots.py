"""Take screenshots of the model card that ``make demo`` has written, with a headless Chromium.

Run it as ``python -m demo.screenshots``; it overwrites ``docs/images/model_card_*.png``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from demo.run import FOLDER
from demo.sandbox import REPOSITORY

IMAGES = REPOSITORY / "docs" / "images"
PAGE = FOLDER / "model_card.html"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_WIDTH = 1280
_DARK = "--blink-settings=preferredColorScheme=0"
# Name → the section at the top of the picture, height in pixels, and browser options.
_PICTURES = {
    "model_card_top.png": ("", 1400, []),
    "model_card_evaluation_dark.png": ("#evaluation", 1475, [_DARK]),
}


def main() -> int:
    """Take all screenshots.

    :return: exit status: 0 on success.
    """
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        print("Chromium is required (Debian: apt install chromium).", file=sys.stderr)
        return 1
    if not PAGE.exists():
        print(f"There is no {PAGE.relative_to(REPOSITORY)} yet; run `make demo` first.", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, (part, height, options) in _PICTURES.items():
        _photograph(browser, f"{PAGE.as_uri()}{part}", IMAGES / name, height, options)
        print((IMAGES / name).relative_to(REPOSITORY))
    return 0


def _photograph(browser: str, address: str, picture: Path, height: int, options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # A headless browser scrolls to the fragment of an address only inside a frame.
        frame = Path(folder) / "frame.html"
        style = f"border: 0; width: {_WIDTH}px; height: {height}px"
        frame.write_text(f'<body style="margin: 0"><iframe src="{address}" style="{style}"></iframe>')
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *options]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={_WIDTH},{height}", f"--screenshot={picture}"]
        subprocess.run([*command, frame.as_uri()], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    sys.exit(main())
