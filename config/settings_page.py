"""`docs/settings.md`, made from what `config/settings.py` says of each setting."""

import json
from collections.abc import Iterator

from pydantic.fields import FieldInfo

from config.settings import all_settings
from config.wiki_settings import WIKI_KINDS, Group, Wiki


def as_markdown() -> str:
    """Return `docs/settings.md`."""
    rows = [
        f"| `{name}` | {_default(field)} | {field.description} |"
        for name, field in all_settings()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, Group))
    ]
    return "\n".join(
        (
            "# Settings",
            "",
            "Made from `config/settings.py` by `make golden`; do not edit. Set them in the environment or in a file",
            "`.env` beside the Makefile. A wrong or unknown one stops the start with a sentence that names it.",
            "",
            "| setting | default | what it is |",
            "|---|---|---|",
            *rows,
            "",
            *_wikis_as_markdown(),
            "Two wikis, one with addresses to link to:",
            "",
            "```",
            'FOOTNOTE_WIKIS=\'[{"name":"handbook","path":"docs/","url":"https://wiki.example.org/"},',
            '                 {"name":"runbooks","kind":"git","repository":"https://github.com/acme/runbooks.wiki.git"}]\'',
            "```",
            "",
        )
    )


def _wikis_as_markdown() -> Iterator[str]:
    """Yield a table of what each kind of wiki takes."""
    for kind in WIKI_KINDS.values():
        yield from (f"## {kind.__doc__}", "", "| key | default | what it is |", "|---|---|---|")
        for key, field in kind.model_fields.items():
            default = "needed" if field.is_required() else _default(field)
            yield f"| `{key}` | {default} | {field.description} |"
        yield ""


def _default(field: FieldInfo) -> str:
    if field.default is None or field.default in ("", {}, ()):
        return "empty"
    if isinstance(field.default, tuple):
        return "the sample wikis" if isinstance(field.default[0], Wiki) else f"`{json.dumps(field.default)}`"
    return f"`{field.default}`"
