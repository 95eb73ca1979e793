"""What settings add to the content security policy."""

from urllib.parse import urlsplit


def origins_of_tiles(url: str) -> list[str]:
    """Where the pictures of a map come from: `https://{s}.example.org/{z}/{x}/{y}.png` → `https://*.example.org`."""
    if not url:
        return []
    address = urlsplit(url)
    return [f"{address.scheme}://{address.netloc.replace('{s}', '*')}"]
