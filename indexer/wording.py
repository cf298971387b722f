"""What the indexer's commands say, for people and for scripts."""

from collections.abc import Mapping, Sequence

from indexer.passages import Hit
from indexer.report import Finding, FindingKind
from indexer.status import IndexStatus, WikiHealth
from indexer.store.history import RolledBack
from indexer.store.requests import RequestState, RequestStatus
from indexer.sync import Refreshed

_KINDS = {
    FindingKind.EMPTY: ("empty page", "empty pages"),
    FindingKind.NEAR_DUPLICATE: ("near-duplicate", "near-duplicates"),
    FindingKind.STALE: ("stale page", "stale pages"),
    FindingKind.TOO_LONG: ("page too long", "pages too long"),
    FindingKind.ALL_TABLE: ("page all table", "pages all table"),
    FindingKind.DEAD_SECTION_LINK: ("dead section link", "dead section links"),
}

MOST_SHOWN = 20  # findings of one kind; all of them are in the JSON


def counts_of(refreshed: Refreshed) -> dict[str, int]:
    """Return the numbers of a refresh by their names."""
    names = ("new", "changed", "removed", "unchanged", "failed", "passages", "generation")
    return {name: getattr(refreshed, name) for name in names}


def refreshed_json(refreshed: Refreshed) -> dict[str, object]:
    """Return what scripts rely on."""
    pages = counts_of(refreshed)
    passages, generation = pages.pop("passages"), pages.pop("generation")
    return {"pages": pages, "passages": passages, "seconds": refreshed.seconds, "generation": generation}


def refreshed_text(refreshed: Refreshed) -> str:
    """Return what a refresh came to, for people."""
    failed = (
        f"{refreshed.failed:,} not readable (python -m indexer status says why)" if refreshed.failed else "0 failed"
    )
    return (
        f"Pages: {refreshed.new:,} new, {refreshed.changed:,} changed, {refreshed.removed:,} removed, "
        f"{refreshed.unchanged:,} unchanged, {failed}.\n"
        f"{refreshed.passages:,} passages, generation {refreshed.generation}, {refreshed.seconds:.1f} seconds."
    )


def hit_json(hit: Hit) -> dict[str, object]:
    """Return what scripts rely on."""
    names = ("passage_id", "page_id", "title", "headings", "anchor", "url", "revision", "text", "score")
    return {name: getattr(hit, name) for name in names}


def hits_text(hits: Sequence[Hit]) -> str:
    """Return hits, best first, for people."""
    if not hits:
        return "Nothing found."
    return "\n\n".join(_hit_text(rank, hit) for rank, hit in enumerate(hits, 1))


def rolled_back_text(rolled: RolledBack) -> str:
    """Return what a rollback came to, for people."""
    if rolled.generation == rolled.newest:
        return f"Generation {rolled.newest}, the newest, is shown: {rolled.restored:,} pages have their text again."
    return (
        f"Generation {rolled.generation} is shown instead of {rolled.newest}: "
        f"{rolled.restored:,} pages with their former text, {rolled.hidden:,} newer ones hidden.\n"
        "Pages that were removed or closed since stay so. New texts wait until: python -m indexer rollback --to newest"
    )


def report_text(found: Sequence[Finding]) -> str:
    """Return what may be wrong with pages, for people."""
    if not found:
        return "Nothing that would make answers worse."
    kinds = dict.fromkeys(one.kind for one in found)
    return "\n\n".join(_kind_text(kind, [one for one in found if one.kind is kind]) for kind in kinds)


def _kind_text(kind: FindingKind, found: Sequence[Finding]) -> str:
    lines = [f"{kind.capitalize()}: {len(found):,}"]
    lines += [f"  {one.wiki} {one.page_id}: {one.detail}" for one in found[:MOST_SHOWN]]
    return "\n".join([*lines, *([f"  … {len(found) - MOST_SHOWN:,} more"] if len(found) > MOST_SHOWN else [])])


def findings_text(found: Mapping[str, int] | None, before: Mapping[str, int] | None) -> str:
    """Return in a sentence how many findings there are by kind, and how many more or fewer than *before*.

    Empty where there was no report yet.

    >>> findings_text({"empty": 3, "near-duplicate": 1}, {"empty": 2, "near-duplicate": 1, "stale": 1})
    'To mend: 3 empty pages (+1), 1 near-duplicate, 0 stale pages (-1); in brackets, since the refresh before.'
    """
    if found is None:
        return ""
    earlier = found if before is None else before
    kinds = [kind for kind in FindingKind if found.get(kind) or earlier.get(kind)]
    if not kinds:
        return "To mend: nothing."
    changes = {kind: found.get(kind, 0) - earlier.get(kind, 0) for kind in kinds}
    counts = [
        f"{found.get(kind, 0):,} {_KINDS[kind][found.get(kind, 0) != 1]}"
        + (f" ({changes[kind]:+,})" if changes[kind] else "")
        for kind in kinds
    ]
    since = "; in brackets, since the refresh before" if any(changes.values()) else ""
    return f"To mend: {', '.join(counts)}{since}."


def status_text(status: IndexStatus) -> str:
    """Return how the index is doing, for people."""
    last = status.last_refresh
    sizes = f"{status.catalogue_bytes / 1e6:.1f} MB, snapshots {status.snapshot_bytes / 1e6:.1f} MB"
    lines = [f"Generation {status.generation}: {status.pages:,} pages, {status.passages:,} passages, {sizes}"]
    if status.generation != status.newest_generation:
        lines.append(f"Rolled back from generation {status.newest_generation}; new texts wait.")
    if last:
        lines.append(f"Last refresh: {_moment(last.started_at)} to {_moment(last.ended_at)}")
    if last and not last.ended_at:
        lines.append(f"  {last.done:,} of {last.expected:,} pages looked at")
    lines += [request_text(request) for request in status.requests]
    if status.last_request:
        lines.append(f"Last one asked for: {request_text(status.last_request)}")
    for wiki in status.wikis:
        lines += _wiki_lines(wiki)
    if to_mend := findings_text(status.findings, status.findings_before):
        lines.append(f"{to_mend} python -m indexer report names them." if status.findings else to_mend)
    for failure in status.failures:
        tries = f"tried {failure.attempts} times, next after {_moment(failure.next_try)}"
        lines.append(f"Not readable: {failure.wiki} {failure.page_id}: {failure.why} ({tries})")
    return "\n".join(lines)


def request_text(request: RequestStatus) -> str:
    """Return how a request stands, in a line."""
    wishes = {"in full": request.wishes.full, "removals accepted": request.wishes.accept_removals}
    asked = ", ".join((request.wiki or "all wikis", *(wish for wish, is_wished in wishes.items() if is_wished)))
    asked = f"Request {request.number} ({asked})"
    if request.has_ended:
        return f"{asked}: {request.state} at {_moment(request.ended_at)}. {request.outcome}"
    if request.state is RequestState.WAITING:
        before = f", {request.before:,} before it" if request.before else ""
        return f"{asked}: waits since {_moment(request.asked_at)}{before}"
    stopping = ", stopping" if request.is_stopping else ""
    return f"{asked}: runs since {_moment(request.taken_at)}, {_pages(request)}{stopping}"


def _pages(request: RequestStatus) -> str:
    if not request.expected:
        return "looking at what has changed"
    return f"{request.done:,} of {request.expected:,} pages looked at"


def ended_json(request: RequestStatus, result: Refreshed | None) -> dict[str, object]:
    """Return what scripts rely on: how a request stands, and what it came to."""
    came_to = refreshed_json(result) if result is not None else None
    return {"request": request.number, "state": request.state, "outcome": request.outcome, "result": came_to}


def _hit_text(rank: int, hit: Hit) -> str:
    lines = [f"{rank}. {' › '.join((hit.title, *hit.headings))}  {hit.score:.2f}"]
    lines += [f"   {line}" for line in (hit.url or str(hit.page_id), *hit.text.splitlines())]
    return "\n".join(line.rstrip() for line in lines)


def _wiki_lines(wiki: WikiHealth) -> list[str]:
    late = f", {wiki.lag_seconds / 60:.0f} minutes late" if wiki.lag_seconds and wiki.lag_seconds >= 60 else ""
    sizes = f"{wiki.pages:,} pages, {wiki.passages:,} passages"
    lines = [f"{wiki.name}: {sizes}, last refreshed in full: {_moment(wiki.last_success)}{late}"]
    return lines + ([f"  {wiki.problem}"] if wiki.problem else [])


def _moment(iso: str) -> str:
    """Return an ISO date and time in UTC as people read it."""
    return f"{iso[:10]} {iso[11:16]} UTC" if iso else "not yet"
