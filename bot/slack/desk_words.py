"""What `/wiki` says and shows: how the index is doing, what it lacks, how far a job is, and a channel's settings."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from bot.channels import ChannelSettings, Tone
from bot.gaps import Gap
from bot.ports import IndexHealth, IndexJob, IndexProgress, JobId, JobState
from bot.slack import blocks, buttons, mrkdwn
from bot.slack.blocks import Message
from bot.slack.rich_text import Block, Element, block, bullets, section, text, user, words_of

STOP_JOB = "stop_job"
ROLL_BACK = "roll_back"
SETTINGS = "channel_settings"
WIKIS, ASKS_FIRST, OWNER, TONE = "wikis", "asks_first", "owner", "tone"

HELP = (
    "`/wiki status` how the index is doing\n"
    "`/wiki reindex [wiki] [--full|--dry-run]` bring it up to date, read all again, or say what would change\n"
    "`/wiki rollback` show the generation before, `/wiki rollback --to newest` the newest again\n"
    "`/wiki sources` which wikis there are\n"
    "`/wiki gaps` what people asked and the wiki did not answer\n"
    "`/wiki settings` what holds for this channel\n"
    "`/wiki log` what admins did"
)

_MAX_NAME = 60
_MAX_SENTENCE = 500
_MAX_DEED = 200
_MAX_LINES_CHARACTERS = 9000  # with the rest of the message under 10,000
_MAX_QUESTION = 200
_MAX_GAPS = 10
_YES = "yes"
_TONES = {Tone.FULL: "In full: sources with the words they say", Tone.BRIEF: "Brief: sources as links"}


def status(health: IndexHealth, line: str, opinions: str) -> Message:
    """Return how the index is doing, the queue's *line* and people's *opinions* below it."""
    head = (
        f"Index {health.generation}: {health.pages:,} pages, {health.passages:,} passages, "
        f"refreshed {moment(health.refreshed_at)}."
    )
    unreadable = [f"{health.unreadable:,} pages could not be read."] if health.unreadable else []
    wikis = (_wiki(health, place) for place in range(len(health.wikis)))
    under_way = (words_of(line, _MAX_SENTENCE) for line in health.under_way)
    return _lines(head, [*wikis, *under_way, *unreadable, health.to_mend, line, opinions])


def sources(health: IndexHealth) -> Message:
    """Return which wikis there are."""
    count = len(health.wikis)
    head = "1 wiki is indexed:" if count == 1 else f"{count} wikis are indexed:"
    return _lines(head, [_wiki(health, place) for place in range(count)])


def gaps(found: Sequence[Gap]) -> Message:
    """Return what the wiki did not answer, most often asked first."""
    if not found:
        return blocks.said("Every question so far got an answer.")
    lines = [
        f"{gap.count} time{'' if gap.count == 1 else 's'}: {words_of(gap.questions[0], _MAX_QUESTION)}"
        for gap in found[:_MAX_GAPS]
    ]
    return _lines("What people asked and the wiki did not answer:", lines)


def journal(deeds: Iterable[tuple[str, str, str]]) -> Message:
    """Return what admins did: *deeds* are (when, who, what)."""
    rows = [
        [text(f"{moment(at)}: "), user(who), text(f" {words_of(what, _MAX_SENTENCE, if_empty='…')}")]
        for at, who, what in deeds
    ]
    if not rows:
        return blocks.said("No admin has done anything yet.")
    head = blocks.said("What admins did:")
    return Message(head.text, (block(section([text("What admins did:")]), bullets(rows)),))


def outcomes(answers: Mapping[str, int], feedback: Mapping[str, int], with_people: int) -> str:
    """Return in one line what questions came to, and what people said."""
    came_to = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in answers.items()) or "none yet"
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in feedback.items()) or "none yet"
    return f"Answers and refusals: {came_to}. Feedback: {said}. With a person: {with_people}."


def line_of(waiting: int, seconds: float) -> str:
    """Return how long the queue is."""
    return f"{waiting} question{'' if waiting == 1 else 's'} waiting, {seconds:.1f} s each."


def asked_for(job: IndexJob) -> Message:
    """Return that a job was asked for, which stays true whatever becomes of it."""
    return blocks.said(f"{_words(job)}: asked for.")


def progress(job_id: JobId, now: IndexProgress) -> Message:
    """Return how far a job is, with a button to stop it, or what it came to."""
    if now.has_ended:
        return ended(now.job, now.came_to, now.seconds)
    said = blocks.said(f"{_words(now.job)}: {_how_far(now)}.")
    if now.state is JobState.STOPPING:
        return said
    return Message(said.text, (*said.blocks, buttons.actions(buttons.button(STOP_JOB, "Stop", job_id))))


def ended(job: IndexJob, came_to: Sequence[str], seconds: float = 0.0) -> Message:
    """Return what a job came to: the first sentence, the others below."""
    first, *others = (words_of(sentence, _MAX_SENTENCE) for sentence in came_to)
    took = f" ({seconds:.0f} s)" if seconds >= 1 else ""
    return _lines(f"{_words(job)}: {first}{took}", others)


def lost(job: IndexJob) -> Message:
    """Return that nobody knows any more what a job came to."""
    why = "I was restarted meanwhile, and cannot say what it came to. `/wiki status` says how the index is doing."
    return blocks.said(f"{_words(job)}: {why}")


def _words(job: IndexJob) -> str:
    return words_of(job.words, _MAX_NAME)


def _how_far(now: IndexProgress) -> str:
    if now.state is JobState.STOPPING:
        return "stopping after the present page"
    if now.state is JobState.WAITING:
        return f"waits its turn, {now.before:,} before it" if now.before else "waits for the indexer"
    left = f", about {blocks.wait_in_words(now.seconds_left)} left" if now.seconds_left is not None else ""
    far = f"{now.done:,} of {now.expected:,} pages" if now.expected else "looking at what has changed"
    here = ". No indexer runs, so I do it myself" if now.is_here else ""
    return f"{far}{left}{here}"


def asking_before_rollback() -> Message:
    """Return the question that comes before a rollback."""
    said = blocks.said("The index will show the texts of the generation before. Pages removed or closed since stay so.")
    sure: Element = {
        "title": buttons.plain("Roll the index back?"),
        "text": buttons.plain("Everybody is answered from the older texts until you go forward again."),
        "confirm": buttons.plain("Roll back"),
        "deny": buttons.plain("Leave it"),
        "style": "danger",
    }
    row = buttons.actions(buttons.button(ROLL_BACK, "Roll back", "rollback") | {"style": "danger", "confirm": sure})
    return Message(said.text, (*said.blocks, row))


def settings_form(channel: str, now: ChannelSettings, wikis: Sequence[str]) -> Element:
    """Return the form for the settings of *channel*, filled with those of *now*."""
    options = [_option(name, name) for name in wikis[:100]]
    chosen = [option for option in options if option["value"] in now.wikis]
    yes = _option("Offer an answer, in private, to questions that the wiki surely answers", _YES)
    tones = [_option(words, tone.value) for tone, words in _TONES.items()]
    elements: list[tuple[str, str, Element]] = [
        (
            WIKIS,
            "Wikis to search; none chosen means all",
            _choice("multi_static_select", options, chosen),
        ),
        (
            ASKS_FIRST,
            "Questions to nobody in particular",
            _choice("checkboxes", [yes], [yes] if now.asks_first else []),
        ),
        (OWNER, "Who is asked when I cannot help", {"type": "users_select"} | _initial("initial_user", now.owner)),
        (
            TONE,
            "How answers look",
            {
                "type": "radio_buttons",
                "options": tones,
                "initial_option": next(t for t in tones if t["value"] == now.tone),
            },
        ),
    ]
    return {
        "type": "modal",
        "callback_id": SETTINGS,
        "private_metadata": json.dumps({"channel": channel}),
        "title": buttons.plain("This channel"),
        "submit": buttons.plain("Save"),
        "close": buttons.plain("Leave it"),
        "blocks": [
            {
                "type": "input",
                "block_id": name,
                "optional": name != TONE,
                "label": buttons.plain(label),
                "element": element | {"action_id": name},
            }
            for name, label, element in elements
        ],
    }


def read_settings(view: Mapping[str, object]) -> ChannelSettings:
    """Return the settings that a submitted form holds."""
    state = view.get("state")
    values = state.get("values", {}) if isinstance(state, dict) else {}

    def element(name: str) -> dict[str, object]:
        return next(iter(values.get(name, {}).values()), {})

    def chosen(name: str) -> list[str]:
        options = element(name).get("selected_options") or []
        return [str(option["value"]) for option in options] if isinstance(options, list) else []

    tone = element(TONE).get("selected_option")
    return ChannelSettings(
        wikis=frozenset(chosen(WIKIS)),
        asks_first=chosen(ASKS_FIRST) == [_YES],
        owner=str(element(OWNER).get("selected_user") or ""),
        tone=Tone(tone["value"]) if isinstance(tone, dict) else Tone.FULL,
    )


def moment(iso: str) -> str:
    """Return an ISO date and time in UTC as people read it.

    >>> moment("2026-05-03T08:00:00+00:00"), moment("")
    ('3 May 2026, 08:00 UTC', 'not yet')
    """
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return "not yet"
    return f"{at.day} {at:%B} {at.year}, {at:%H:%M} UTC"


def _wiki(health: IndexHealth, place: int) -> str:
    wiki = health.wikis[place]
    problem = f" {words_of(wiki.problem, _MAX_SENTENCE)}" if wiki.problem else ""
    name = words_of(wiki.name, _MAX_NAME)
    return f"{name}: {wiki.pages:,} pages, {wiki.passages:,} passages, refreshed {moment(wiki.last_success)}.{problem}"


def _lines(head: str, lines: Iterable[str]) -> Message:
    """Return *lines* below *head*, as many as one message holds."""
    shown = [words for line in lines if (words := words_of(line, _MAX_SENTENCE))]
    rows = [[text(line)] for line in _that_fit(shown)]
    parts = [section([text(head)]), *([bullets(rows)] if rows else [])]
    return Message(blocks.said(head).text, (block(*parts),))


def _that_fit(lines: Sequence[str]) -> list[str]:
    """Return the first of *lines* that have _MAX_LINES_CHARACTERS together, and how many more there are."""
    room = _MAX_LINES_CHARACTERS - len(lines)
    lengths = accumulate(len(mrkdwn.escape(line)) for line in lines)
    count = sum(length <= room for length in lengths)
    return [*lines[:count], *([f"and {len(lines) - count:,} more"] if count < len(lines) else [])]


def _option(words: str, value: str) -> Block:
    return {"text": buttons.plain(words[:75]), "value": value}


def _choice(kind: str, options: Sequence[Element], chosen: Sequence[Element]) -> Element:
    element: Element = {"type": kind, "options": options}
    return element | {"initial_options": chosen} if chosen else element


def _initial(name: str, value: str) -> Element:
    return {name: value} if value else {}
