"""A small BookStack in memory that answers its documented API."""

import html
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.indexer.wikis.serving import Asked, Reply, json_reply

TOKEN = "Token id:secret"


@dataclass
class FakeBookStack:
    """The wiki. One answer has *at_once* pages at most; the account may not view those that are *hidden*."""

    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    at_once: int = 500
    pages: dict[int, dict[str, object]] = field(default_factory=dict)
    bin: dict[int, dict[str, object]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    tells_revisions: bool = True
    _number: int = 0

    def edit(self, name: str, text: str, **more: object) -> int:
        """Create the page of that name, or edit it."""
        number = next((number for number, page in self.pages.items() if page["name"] == name), 0)
        if not number:
            self._number += 1
            number = self._number
            self.pages[number] = {"id": number, "draft": False, "template": False, "revision_count": 0}
        page = self.pages[number]
        count = page["revision_count"]
        assert isinstance(count, int)
        blocks = [
            f'<h2 id="bkmrk-{line[3:].lower().replace(" ", "-")}">{html.escape(line[3:])}</h2>'
            if line.startswith("## ")
            else f'<p id="bkmrk-p">{html.escape(line)}</p>'
            for line in text.split("\n\n")
        ]
        said = {"name": name, "html": "".join(blocks), "updated_at": self.now.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}
        page.update(said, revision_count=count + 1, **more)
        return number

    def delete(self, name: str) -> None:
        """Put a page into the recycle bin."""
        number = next(number for number, page in self.pages.items() if page["name"] == name)
        self.bin[number] = self.pages.pop(number)

    def restore(self, name: str) -> None:
        """Take a page out of the recycle bin: its date stays what it was."""
        number = next(number for number, page in self.bin.items() if page["name"] == name)
        self.pages[number] = self.bin.pop(number)

    def answer(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.headers.get("authorization") != TOKEN:
            return json_reply({"error": {"message": "No authorization token found on the request", "code": 401}}, 401)
        if asked.path == "/api/pages":
            return self._listed(asked)
        number = int(asked.path.removeprefix("/api/pages/"))
        if number not in self.pages or number in self.hidden:
            return json_reply({"error": {"message": "Entity not found", "code": 404}}, 404)
        return json_reply(self._said(number, with_text=True))

    def _listed(self, asked: Asked) -> Reply:
        assert asked.params["sort"] == "+id"
        after = int(asked.params["filter[id:gt]"])
        visible = [number for number in sorted(self.pages) if number > after and number not in self.hidden]
        count = min(int(asked.params["count"]), self.at_once)
        return json_reply(
            {"data": [self._said(number, with_text=False) for number in visible[:count]], "total": len(visible)}
        )

    def _said(self, number: int, *, with_text: bool) -> dict[str, object]:
        left_out = {"html"} if not with_text else set()
        if not self.tells_revisions:
            left_out.add("revision_count")
        return {name: value for name, value in self.pages[number].items() if name not in left_out}
