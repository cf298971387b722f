"""What can go wrong while fine-tuning.

FinetuneError
├── DatasetWrong     a file of rows or examples is not as it should be; the message names the file, the line, the cure
├── BaseUnusable     the base model's file cannot be trained; name another GGUF file
├── RunUnusable      a run's folder cannot be gone on with, or exported; the message says why and what to do
└── DiskFull         free space and start again: what was there before is still whole
"""


class FinetuneError(Exception):
    """An error of fine-tuning, with a sentence for whoever will fix it."""


class DatasetWrong(FinetuneError):
    """A file of rows or examples cannot be used."""


class BaseUnusable(FinetuneError):
    """The base model cannot be read, or is of a kind that cannot be trained here."""


class RunUnusable(FinetuneError):
    """A training run's folder does not fit what is asked of it."""


class DiskFull(FinetuneError):
    """There was no room to write."""
