"""What can go wrong while indexing and searching.

IndexerError
├── WikiMisconfigured      fix the setting the message names; nothing was changed
├── WikiUnavailable        try again later; the last good passages stay
├── CatalogueUnusable      from a newer version, or damaged: the message names the file and the cure
├── DiskFull               free space; nothing was lost, the next run goes on
├── IndexerBusy            another indexer works on this data folder; wait for it, or stop it
├── EmbedderUnusable       fix FOOTNOTE_EMBEDDER__PATH
└── SnapshotUnusable       internal: the vectors file is missing or damaged; rebuilt from the catalogue
"""


class IndexerError(Exception):
    """An error of the indexer, with a message for whoever will fix it."""


class WikiMisconfigured(IndexerError):
    """A wiki's settings cannot work: no such folder, a folder that cannot be read."""


class WikiUnavailable(IndexerError):
    """A wiki did not answer, or answered in part. Nothing may be concluded from it."""


class CatalogueUnusable(IndexerError):
    """The catalogue cannot be opened by this version."""


class DiskFull(IndexerError):
    """There was no room to write; the transaction was rolled back."""


class IndexerBusy(IndexerError):
    """Another indexer holds the lock of this data folder."""


class EmbedderUnusable(IndexerError):
    """The embedding model cannot be loaded."""


class SnapshotUnusable(IndexerError):
    """A vectors file is missing, cut short, damaged, or made by another embedder."""
