"""The report of `make bench`: sections that are measured apart, each put in the place of its former self."""

from pathlib import Path

REPORT = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def put(measured: str, path: Path = REPORT) -> None:
    """Put what was *measured* into the report: sections, or the words above the first one."""
    path.write_text(replaced(path.read_text(encoding="utf-8"), measured), encoding="utf-8")


def replaced(report: str, measured: str) -> str:
    r"""Return *report* with the sections of *measured* in place of those with the same heading, or at the end.

    >>> replaced("# R\n\n## A\n\n1\n\n## B\n\n2\n", "## A\n\n3\n\n## C\n\n4\n")
    '# R\n\n## A\n\n3\n\n## B\n\n2\n\n## C\n\n4\n'
    """
    sections = _sections(report) | _sections(measured)
    return "\n\n".join(sections.values()) + "\n"


def _sections(text: str) -> dict[str, str]:
    """Return the sections by their headings; what stands above the first one has the heading of the whole."""
    parts = [part for part in f"\n{text.strip()}".split("\n## ") if part.strip()]
    above = [] if text.lstrip().startswith("## ") else [parts.pop(0).strip()]
    sections = [f"## {part.strip()}" for part in parts]
    return {section.split("\n", 1)[0]: section for section in (*above, *sections)}
