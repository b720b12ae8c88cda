"""A downloader of the img2dataset kind: processes of threads, urllib, PIL; shorter side resized, JPEG out, SHA-256 of each.

usage: download_images.py URLS.txt FOLDER [--processes N] [--threads N] [--side 256] [--quality 95]
"""
import argparse
import concurrent.futures
import hashlib
import io
import multiprocessing
import os
import urllib.request

from PIL import Image


def fetch(url, folder, side, quality):
    request = urllib.request.Request(url, headers={"User-Agent": "download_images/1.0"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        data = answer.read()
    image = Image.open(io.BytesIO(data)).convert("RGB")
    scale = side / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BICUBIC)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    name = hashlib.sha256(data).hexdigest()
    with open(os.path.join(folder, name[:2], name + ".jpg"), "wb") as file:
        file.write(out.getbuffer())


def share(urls, folder, threads, side, quality):
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return sum(1 for _ in pool.map(lambda url: fetch(url, folder, side, quality), urls))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("urls")
    parser.add_argument("folder")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--quality", type=int, default=95)
    given = parser.parse_args()
    with open(given.urls) as file:
        urls = file.read().split()
    for first in range(256):
        os.makedirs(os.path.join(given.folder, f"{first:02x}"), exist_ok=True)
    shares = [(urls[i::given.processes], given.folder, given.threads, given.side, given.quality) for i in range(given.processes)]
    with multiprocessing.Pool(given.processes) as pool:
        print(sum(pool.starmap(share, shares)))


if __name__ == "__main__":
    main()
