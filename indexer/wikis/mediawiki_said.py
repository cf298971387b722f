"""What MediaWiki's API answers, as far as it is looked at. An answer of another form is none."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Lenient(BaseModel):
    """A part of an answer, of which newer MediaWikis may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Revision(Lenient):
    """A version of a page."""

    timestamp: str


class PageSaid(Lenient):
    """What the API says of a page: where *missing*, there is none. *revisions* is the last one, if it was asked for."""

    pageid: int = 0
    ns: int = 0
    title: str = ""
    missing: bool = False
    invalid: bool = False
    special: bool = False
    redirect: bool = False
    lastrevid: int = 0
    touched: str = ""
    revisions: list[Revision] = Field(default_factory=list)


class General(Lenient):
    """What the wiki says of itself."""

    generator: str
    server: str
    script: str
    articlepath: str


class Namespace(Lenient):
    """A part of the wiki; *content* says that its pages are meant to be read."""

    id: int
    content: bool = False


class Site(Lenient):
    """The wiki: what it says of itself, and its parts by number."""

    general: General
    namespaces: dict[str, Namespace]


class SiteAnswer(Lenient):
    """The wiki, and the time by its own clock."""

    query: Site
    curtimestamp: str


class LogParams(Lenient):
    """What a row of the log says more: where a page was moved to."""

    target_title: str = ""


class Row(Lenient):
    """One row of the recent changes."""

    rcid: int
    timestamp: str
    pageid: int = 0
    title: str = ""
    logparams: LogParams = LogParams()


class Query(Lenient):
    """What pieces are made of; a page in one piece may lack what another has."""

    pages: list[dict[str, JsonValue]] = Field(default_factory=list)
    recentchanges: list[Row] = Field(default_factory=list)


class Piece(Lenient):
    """Some of an answer. *proceed* must be sent back, whole, for the next piece; without it there is none."""

    query: Query = Query()
    batchcomplete: bool = False
    curtimestamp: str = ""
    proceed: dict[str, str | int] | None = Field(default=None, alias="continue")


class _Token(Lenient):
    logintoken: str


class _Tokens(Lenient):
    tokens: _Token


class TokenAnswer(Lenient):
    """The first step of logging in."""

    query: _Tokens


class _Login(Lenient):
    result: str
    reason: str = ""


class LoginAnswer(Lenient):
    """The second step of logging in."""

    login: _Login


class _Error(Lenient):
    code: str
    info: str = ""


class MaybeError(Lenient):
    """Any answer: with *error* set, something is wrong."""

    error: _Error | None = None


class _GeneratorSaid(Lenient):
    generator: str = ""


class _GeneralSaid(Lenient):
    general: _GeneratorSaid = _GeneratorSaid()


class SiteOrError(MaybeError):
    """The first answer of what may be a MediaWiki."""

    query: _GeneralSaid = _GeneralSaid()


class Parsed(Lenient):
    """A page as the wiki renders it, in HTML."""

    title: str
    pageid: int
    revid: int
    text: str


class ParseAnswer(Lenient):
    """One rendered page."""

    parse: Parsed
