"""Who looks after a page of a wiki of files: an e-mail in its front matter, or in the nearest `.owner` file.

`.owner` stands in a folder and holds for all that is in it and below; `#` begins a remark. The page's own `owner:` goes
before it, and a nearer file before one further up. What names nobody by an e-mail is as if it were not there.
"""

import posixpath
import re
from collections.abc import Callable, Iterator

from indexer.wikis.frontmatter import split_front_matter
from indexer.wikis.reading import readable

FILE = ".owner"
MAX_EMAIL_CHARACTERS = 254  # RFC 5321
MAX_CHARACTERS = 2000  # of what is looked through for an e-mail

_KEY = "owner"
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{}~-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_REMARK = re.compile(r"^\s*#.*$", re.MULTILINE)


def owner_of(page_id: str, read: Callable[[str], bytes | None]) -> str:
    r"""Return the e-mail of whoever looks after the page at that path; empty where nobody is named.

    *read* returns what is in the file at a path of the wiki, None where there is none.

    >>> files = {"it/vpn.md": b"---\nowner: Ann <ann@example.org>\n---\n", "it/.owner": b"it@example.org"}
    >>> owner_of("it/vpn.md", files.get), owner_of("it/wifi.md", files.get), owner_of("leave.md", files.get)
    ('ann@example.org', 'it@example.org', '')
    """
    return next(filter(None, _named(page_id, read)), "")


def _named(page_id: str, read: Callable[[str], bytes | None]) -> Iterator[str]:
    """Yield who is named on the page, in its folder, and in each folder above; empty where nobody is."""
    front, _ = split_front_matter(readable(_text(read(page_id))))
    yield _email_in(front.values.get(_KEY, ""))
    path = page_id
    while path:
        path = posixpath.dirname(path)
        yield _email_in(_REMARK.sub("", _text(read(posixpath.join(path, FILE)))))


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8-sig", "replace")


def _email_in(words: str) -> str:
    found = _EMAIL.search(words[:MAX_CHARACTERS])
    return found[0] if found and len(found[0]) <= MAX_EMAIL_CHARACTERS else ""
