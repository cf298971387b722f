"""`/wiki`: an admin's desk. Whether somebody is an admin is asked at each command, press and submitted form."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.errors import SlackRefused, SlackUnavailable
from bot.gaps import gaps
from bot.ports import IndexDesk, IndexJob, JobId, JobKind, NotBegun, Told
from bot.slack import blocks, calls, desk_words, presses
from bot.slack.blocks import Message
from bot.slack.desk_records import DeskRecords
from bot.slack.presses import Body
from bot.slack.rights import Admins
from bot.slack.telling import Telling
from indexer.errors import IndexerError

COMMAND = "/wiki"

_NOT_ADMIN = "Only admins can do that: the workspace's, or those whom the operator has named."
_BEGUN = "I have asked for it, and tell you how far it is in your direct message with me."
_BEGUN_BEFORE = "That waits already. I tell you how far it is in your direct message with me."
_NOTHING_TO_STOP = "There is nothing to stop."
_NOT_STARTED = "I am still starting. Please try again in a moment."
_UNREADABLE = "The index cannot be read: "
_QUESTIONS_LOOKED_AT = 500
_DEEDS_SHOWN = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """One `/wiki` command: its words after the first, and who gave it where."""

    words: tuple[str, ...]
    person: str
    team: str
    channel: str
    trigger_id: str


@dataclass(frozen=True, slots=True)
class AdminsDesk:
    """Everything behind `/wiki`. *index* is None until the index is open; *telling* says how far a job is."""

    client: WebClient
    records: DeskRecords
    admins: Admins
    index: Callable[[], IndexDesk | None]
    telling: Telling

    def register(self, app: App) -> None:
        """Make *app* call it."""
        app.command(COMMAND)(self._obey)
        app.action(desk_words.STOP_JOB)(self._stop_job)
        app.action(desk_words.ROLL_BACK)(self._roll_back)
        app.view(desk_words.SETTINGS)(self._save_settings)

    def _obey(self, ack: Ack, body: Body, respond: Respond) -> None:
        ack()
        asked = _asked(body)
        message = self._answer(asked)
        if message is not None:
            respond(text=message.text, blocks=list(message.blocks), response_type="ephemeral")

    def _answer(self, asked: Asked) -> Message | None:
        """Return what there is to say to *asked*; None where a form opens instead."""
        if not self.admins.has(asked.person):
            return blocks.said(_NOT_ADMIN)
        name, rest = (asked.words[0], asked.words[1:]) if asked.words else ("", ())
        try:
            if name == "settings":
                return self._open_settings(asked)
            if name in {"status", "sources", "reindex", "rollback"}:
                return self._with_index(name, rest, asked)
        except IndexerError as error:
            return blocks.said(f"{_UNREADABLE}{error}")
        return self._from_records(name)

    def _from_records(self, name: str) -> Message:
        if name == "gaps":
            return desk_words.gaps(gaps(self.records.asked.unanswered(_QUESTIONS_LOOKED_AT)))
        if name == "log":
            deeds = self.records.journal.latest(_DEEDS_SHOWN)
            return desk_words.journal((deed.at, deed.person, deed.deed) for deed in deeds)
        return Message(desk_words.HELP, ({"type": "section", "text": _mrkdwn(desk_words.HELP)},))

    def _with_index(self, name: str, rest: tuple[str, ...], asked: Asked) -> Message:
        index = self.index()
        if index is None:
            return blocks.said(_NOT_STARTED)
        if name == "status":
            return desk_words.status(index.health(), self._line(), self._opinions())
        if name == "sources":
            return desk_words.sources(index.health())
        job = read_job(name, rest)
        if job is None:
            return blocks.said(f"I do not understand that. Write `{COMMAND}` alone, and I say what there is.")
        if job.kind is JobKind.ROLL_BACK:
            return desk_words.asking_before_rollback()
        return blocks.said(self._begin(index, job, asked.person))

    def _begin(self, index: IndexDesk, job: IndexJob, person: str) -> str:
        """Begin *job*, and tell *person* how far it is; return what there is to say at once. Raises IndexerError."""
        begun = index.begin(job)
        if isinstance(begun, NotBegun):
            return begun.why
        self._write_down(person, job.words)
        return _BEGUN if self.telling.begin(Told(begun, job, person)) else _BEGUN_BEFORE

    def _stop_job(self, ack: Ack, body: Body, action: Body, respond: Respond) -> None:
        ack()
        job_id = JobId(str(action.get("value") or ""))

        def stop(index: IndexDesk, person: str) -> str:
            if not index.stop(job_id):
                return _NOTHING_TO_STOP
            self._write_down(person, "stop the job on the index")
            return ""

        self._if_admin(body, respond, stop)

    def _roll_back(self, ack: Ack, body: Body, respond: Respond) -> None:
        ack()
        self._if_admin(body, respond, lambda index, person: self._begin(index, IndexJob(JobKind.ROLL_BACK), person))

    def _if_admin(self, body: Body, respond: Respond, deed: Callable[[IndexDesk, str], str]) -> None:
        """Do *deed* for an admin's press, and tell them what it says."""
        person, index = presses.person_of(body), self.index()
        if not self.admins.has(person):
            said = _NOT_ADMIN
        elif index is None:
            said = _NOT_STARTED
        else:
            try:
                said = deed(index, person)
            except IndexerError as error:
                said = f"{_UNREADABLE}{error}"
        if said:
            respond(text=said, response_type="ephemeral", replace_original=False)

    def _open_settings(self, asked: Asked) -> Message | None:
        index = self.index()
        if index is None:
            return blocks.said(_NOT_STARTED)
        now = self.records.channels.settings(asked.team, asked.channel)
        form = desk_words.settings_form(asked.channel, now, index.wikis())
        try:
            calls.once(lambda: self.client.views_open(trigger_id=asked.trigger_id, view=form))
        except (SlackRefused, SlackUnavailable):
            return blocks.said(presses.FAILED)
        return None

    def _save_settings(self, ack: Ack, body: Body) -> None:
        person, view = presses.person_of(body), body.get("view")
        assert isinstance(view, dict), "Bolt calls this for a submitted view"
        if not self.admins.has(person):
            ack(response_action="errors", errors={desk_words.TONE: _NOT_ADMIN})
            return
        channel = str(json.loads(view["private_metadata"])["channel"])
        self.records.channels.set(_team(body), channel, desk_words.read_settings(view), person)
        self._write_down(person, f"settings of {channel}")
        ack()

    def _write_down(self, person: str, deed: str) -> None:
        self.records.journal.write(person, deed)
        log.info("an admin did something", extra={"person": person, "deed": deed})

    def _line(self) -> str:
        return desk_words.line_of(self.records.waiting(), self.records.seconds_per_question())

    def _opinions(self) -> str:
        records = self.records
        return desk_words.outcomes(
            records.asked.outcome_counts(), records.feedback.counts(), records.handovers.count_open()
        )


def read_job(name: str, words: tuple[str, ...]) -> IndexJob | None:
    """Return the job that `/wiki` *name* *words* asks for; None where it is none.

    >>> read_job("reindex", ("handbook", "--full"))
    IndexJob(kind=<JobKind.FULL: 'reindex --full'>, wiki='handbook')
    """
    options = tuple(word for word in words if word.startswith("--"))
    names = [word for word in words if not word.startswith("--")]
    if name == "rollback":
        return {(): IndexJob(JobKind.ROLL_BACK), ("--to", "newest"): IndexJob(JobKind.GO_FORWARD)}.get(words)
    kinds = {(): JobKind.REINDEX, ("--full",): JobKind.FULL, ("--dry-run",): JobKind.REHEARSE}
    kind = kinds.get(options)
    return IndexJob(kind, "".join(names)) if kind is not None and len(names) <= 1 else None


def _asked(body: Body) -> Asked:
    said = str(body.get("text") or "").replace("—", "--")  # some keyboards join two hyphens
    return Asked(
        words=tuple(said.split()),
        person=str(body.get("user_id") or ""),
        team=str(body.get("team_id") or ""),
        channel=str(body.get("channel_id") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
    )


def _team(body: Body) -> str:
    """Return the team that installed the app; in a channel shared with others, `team` may be one of theirs."""
    view, team = body.get("view"), body.get("team")
    installed = view.get("app_installed_team_id") if isinstance(view, Mapping) else None
    return str(installed or (team.get("id") if isinstance(team, Mapping) else None) or "")


def _mrkdwn(words: str) -> dict[str, str]:
    """Return our own words as markup; nobody else's ever come here."""
    return {"type": "mrkdwn", "text": words}
