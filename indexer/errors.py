"""What can go wrong while indexing and searching.

IndexerError
├── WikiMisconfigured      fix the setting the message names; nothing was changed
├── WikiRefused            fix the wiki's name or token in the settings; nothing was changed
├── WikiUnavailable        try again later; the last good passages stay
├── CursorExpired          internal: the wiki forgot what changed so long ago; everything is compared anew
├── CatalogueUnusable      from a newer version, or damaged: the message names the file and the cure
├── DiskFull               free space; nothing was lost, the next run goes on
├── IndexerBusy            another indexer works on this data folder; wait for it, or stop it
├── LeaseLost              another indexer took over from this one, which was held up; it goes on
├── GenerationForgotten    name one of the generations that the message says are kept
├── EmbedderUnusable       fix FOOTNOTE_EMBEDDER__PATH
├── VerifierUnusable       fix FOOTNOTE_SEARCH__VERIFIER_PATH, or leave it empty
├── PortTaken              set FOOTNOTE_HEALTH_PORT to a free port
└── SnapshotUnusable       internal: the vectors file is missing or damaged; rebuilt from the catalogue
"""


class IndexerError(Exception):
    """An error of the indexer, with a message for whoever will fix it."""


class WikiMisconfigured(IndexerError):
    """A wiki's settings cannot work: no such folder, a folder that cannot be read."""


class WikiRefused(IndexerError):
    """A wiki does not let us in: no such account, a wrong or expired token, too few rights."""


class WikiUnavailable(IndexerError):
    """A wiki did not answer, or answered in part. Nothing may be concluded from it."""


class CursorExpired(IndexerError):
    """A wiki does not know any more what was changed since a cursor."""


class CatalogueUnusable(IndexerError):
    """The catalogue cannot be opened by this version."""


class DiskFull(IndexerError):
    """There was no room to write; the transaction was rolled back."""


class IndexerBusy(IndexerError):
    """Another indexer holds the lease of this catalogue."""


class LeaseLost(IndexerError):
    """Another indexer writes now; what this one was about to write was not kept."""


class GenerationForgotten(IndexerError):
    """A generation that was never made, or that is not kept any more."""


class EmbedderUnusable(IndexerError):
    """The embedding model cannot be loaded."""


class VerifierUnusable(IndexerError):
    """The verifier cannot be loaded."""


class PortTaken(IndexerError):
    """The port on which health is to be told cannot be listened on."""


class SnapshotUnusable(IndexerError):
    """A vectors file is missing, cut short, damaged, or made by another embedder."""
