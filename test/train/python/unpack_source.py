"""Takes a folder out of a package's source distribution. pip would build the package first, to learn what it needs.

Run as `python unpack_source.py <index> <package> <file> <sha256> <folder> <target>`: `index` is that of a simple
repository API (PEP 503), `folder` is inside the distribution's own folder.
"""

import base64
import hashlib
import html
import io
import re
import sys
import tarfile
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import Request, urlopen


def download(url: str) -> bytes:
    parts = urlsplit(url)
    account, _, host = parts.netloc.rpartition("@")
    headers = {"Accept": "text/html"}
    if account:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(account).encode()).decode()
    with urlopen(Request(urlunsplit(parts._replace(netloc=host)), headers=headers), timeout=120) as response:
        content: bytes = response.read()
    return content


if __name__ == "__main__":
    index, package, file, sha256, folder, target = sys.argv[1:]
    page = f"{index.rstrip('/')}/{package}/"
    links = [urljoin(page, html.unescape(link)) for link in re.findall(r'href="([^"]+)"', download(page).decode())]
    found = [link for link in links if unquote(urlsplit(link).path).endswith(f"/{file}")]
    if not found:
        raise SystemExit(f"{page} has no {file}")
    archive = download(found[0])
    if hashlib.sha256(archive).hexdigest() != sha256:
        raise SystemExit(f"{found[0]} is not the file that it was")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            inner = member.name.partition("/")[2]
            if member.isfile() and inner.startswith(f"{folder}/") and ".." not in inner:
                path = Path(target, inner.removeprefix(f"{folder}/"))
                path.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                path.write_bytes(content.read() if content else b"")
