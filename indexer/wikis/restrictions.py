"""Who may read the pages of a wiki of files: those its setting names, less whom a `.readers` file leaves out.

`.readers` stands in a folder and holds for all that is in it and below: a principal a line, `#` begins a remark. It can
only restrict: who is let in by it and not by what stands above it reads nothing.
"""

import posixpath
from collections.abc import Callable

from indexer.pages import Layer, PageId, Principal, Readers, both, readers

FILE = ".readers"

NOBODY_AT_ALL: Layer = frozenset()
"""The layer of a file that is there and cannot be read."""


class Restrictions:
    """Tells who may read a page. *allowed* may read the wiki.

    *layer* returns what the `.readers` file of a folder says, None where there is none; it is asked once a folder.
    """

    def __init__(self, allowed: Readers, layer: Callable[[str], Layer | None]) -> None:
        self._layer = layer
        self._known: dict[str, Readers] = {}
        self._allowed = allowed

    def of(self, page_id: PageId) -> Readers:
        """Return who may read the page at that path."""
        return self._of_folder(posixpath.dirname(page_id))

    def _of_folder(self, folder: str) -> Readers:
        if folder not in self._known:
            above = self._of_folder(posixpath.dirname(folder)) if folder else self._allowed
            layer = self._layer(folder)
            self._known[folder] = above if layer is None else both(above, readers(layer))
        return self._known[folder]


def layer_of(content: bytes) -> Layer:
    r"""Return whom a `.readers` file lets in: nobody where it names none, or is no text.

    >>> sorted(layer_of(b"# The board, and Ann\nboard\nann@example.org\n")), layer_of(b"")
    (['ann@example.org', 'board'], frozenset())
    """
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        return NOBODY_AT_ALL
    return frozenset(Principal(line) for line in lines if line and not line.startswith("#"))


def restricted_by(path: str) -> str | None:
    """Return the folder for which the file at *path* says who may read it; None where it says nothing.

    >>> restricted_by("people/pay/.readers"), restricted_by(".readers"), restricted_by("people/pay/bands.md")
    ('people/pay', '', None)
    """
    folder, name = posixpath.split(path)
    return folder if name == FILE else None


def is_below(page_id: PageId, folder: str) -> bool:
    """Say whether a page is in *folder* or below it; everything is below the empty one."""
    return not folder or page_id.startswith(f"{folder}/")
