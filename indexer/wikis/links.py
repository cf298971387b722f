"""Addresses of pages, and of the sentence on a page that a citation quotes."""

import re
from urllib.parse import quote as percent_encoded

WORDS_AT_EACH_END = 4  # of a text fragment: enough to be found, few enough to survive small edits

_SEPARATORS = re.compile(r"\n[ \t]*(?:[->|]|\d+\.)?[ \t]|\n|^[ \t]*(?:[->|]|#+|\d+\.)[ \t]| \| ?")
_NO_WORDS = re.compile(r"[\s|`:-]*|```.*")


def address_at(address: str, anchor: str, quote: str) -> str:
    """Return *address* at *anchor* and, in browsers that can, at *quote*; either may be empty.

    >>> address_at("https://w.example/leave", "notice", "Two weeks.")
    'https://w.example/leave#notice:~:text=Two%20weeks.'
    """
    fragment = percent_encoded(anchor) + _text_directive(quote)
    return f"{address}#{fragment}" if fragment else address


def with_quote(address: str, quote: str) -> str:
    """Return *address*, which may have an anchor already, at *quote*; an empty one stays empty.

    >>> with_quote("https://w.example/leave#notice", "Two weeks.")
    'https://w.example/leave#notice:~:text=Two%20weeks.'
    """
    directive = _text_directive(quote)
    if not address or not directive:
        return address
    return address + directive if "#" in address else f"{address}#{directive}"


def _text_directive(quote: str) -> str:
    """Return the text fragment for *quote*: its first words and its last, each from one line or one table cell."""
    parts = [part.split() for part in _SEPARATORS.split(quote) if not _NO_WORDS.fullmatch(part)]
    if not parts:
        return ""
    if len(parts) == 1 and len(parts[0]) <= 2 * WORDS_AT_EACH_END:
        ends = [parts[0]]
    else:
        ends = [parts[0][:WORDS_AT_EACH_END], parts[-1][-WORDS_AT_EACH_END:]]
    return ":~:text=" + ",".join(percent_encoded(" ".join(end), safe="").replace("-", "%2D") for end in ends)
