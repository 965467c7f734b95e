#!/usr/bin/env python3
"""Photographs pages at the sizes people have, with chromium, so that somebody can look at them.

    look.py OUT ADDRESS NAME [ADDRESS NAME …]

ADDRESS is a file or a URL. OUT/NAME-phone.png (390 by 844), -tablet (1024 by 768) and -desktop (1440 by 900).
"""
import pathlib
import subprocess
import sys

SIZES = {"phone": (390, 844), "tablet": (1024, 768), "desktop": (1440, 900)}


def photograph(address: str, target: pathlib.Path, width: int, height: int) -> None:
    subprocess.run(
        ["chromium", "--no-sandbox", "--headless=new", "--hide-scrollbars", "--disable-gpu",
         f"--window-size={width},{height}", f"--screenshot={target}", address],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def main(arguments: list[str]) -> None:
    out = pathlib.Path(arguments[0])
    out.mkdir(parents=True, exist_ok=True)
    for address, name in zip(arguments[1::2], arguments[2::2]):
        if "://" not in address:
            address = pathlib.Path(address).resolve().as_uri()
        for size, (width, height) in SIZES.items():
            photograph(address, out / f"{name}-{size}.png", width, height)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1:])
