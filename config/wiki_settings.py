"""The kinds of wikis, and what each of them is told in `FOOTNOTE_WIKIS`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, SecretStr, StringConstraints, Tag


def not_empty(path: Path) -> Path:
    """Return *path*, which must name something."""
    if path == Path():
        raise ValueError("is empty; name a folder")
    return path


def _id_and_secret(token: SecretStr) -> SecretStr:
    if token.get_secret_value().count(":") != 1:
        raise ValueError("must be the token's id, a colon and its secret")
    return token


class Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$")]
_AddressOrNone = Annotated[str, StringConstraints(pattern=r"^(https?://[^\s@]+)?$")]


_OwnReaders = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=200)], ...],
    Field(
        description="Who may read it, as a JSON list of principals, which `FOOTNOTE_READERS__…` gives to people and "
        "channels; empty for nobody. A file `.readers` in a folder of it, a principal a line, leaves that folder and "
        "what is below to those alone."
    ),
]


_Owner = Annotated[
    str,
    StringConstraints(pattern=r"^([^\s@<>|]+@[^\s@<>|]+)?$", max_length=254),
    Field(
        description='The Slack e-mail of whoever looks after its pages, whom "Ask a person" calls where the channel '
        "has nobody; empty for nobody. In a folder or a repository a page's own `owner:` and a file `.owner` go before."
    ),
]


class Wiki(Group):
    """What every wiki has."""

    name: Annotated[_Name, Field(description="What the wiki is called here: small letters, digits, `-`.")]
    minutes: Annotated[
        float | None,
        Field(
            ge=0.1,
            le=10_080,
            description="Minutes from one refresh to the next; empty for `FOOTNOTE_MINUTES_BETWEEN_REFRESHES`.",
        ),
    ] = None
    owner: _Owner = ""


class FolderWiki(Wiki):
    """A folder of Markdown and HTML files."""

    kind: Annotated[Literal["folder"], Field(description="`folder`; may be left out.")] = "folder"
    path: Annotated[Path, AfterValidator(not_empty), Field(description="The folder.")]
    url: Annotated[
        _AddressOrNone,
        Field(description="The address under which its pages are read; empty where they have none."),
    ] = ""
    readers: _OwnReaders = ("everyone",)


class GitWiki(Wiki):
    """A git repository of Markdown and HTML files, or the one behind a GitHub or GitLab wiki."""

    kind: Annotated[Literal["git"], Field(description="`git`.")]
    repository: Annotated[
        str,
        StringConstraints(pattern=r"^(https?://[^\s@]+|[^\s:]+)$"),
        Field(description="Its `https://` address, a wiki's ends in `.wiki.git`; or a path on this machine."),
    ]
    branch: Annotated[str, Field(description="The branch; empty for the repository's own.")] = ""
    folder: Annotated[str, Field(description="The only folder of it that is the wiki; empty for all.")] = ""
    url: Annotated[
        _AddressOrNone,
        Field(
            description="The address under which its pages are read; `{commit}` in it stands for the commit that last "
            "wrote the page. Empty for where GitHub or GitLab show them."
        ),
    ] = ""
    user: Annotated[str, Field(description="The account's name; GitHub and GitLab take any with a token.")] = "git"
    token: Annotated[
        SecretStr | None, Field(description="A token that may read the repository; empty for a public one.")
    ] = None
    readers: _OwnReaders = ("everyone",)


class MediaWikiWiki(Wiki):
    """A MediaWiki, by its API."""

    name: Annotated[_Name, Field(description="What the wiki is called here: small letters, digits, `-`.")] = "mediawiki"
    kind: Annotated[Literal["mediawiki"], Field(description="`mediawiki`.")]
    url: Annotated[_Address, Field(description="The address of any of its pages, or of its `api.php`.")]
    user: Annotated[
        str, Field(description="A bot password's name, such as `Admin@footnote`; empty to read as nobody.")
    ] = ""
    password: Annotated[SecretStr | None, Field(description="The bot password, of `Special:BotPasswords`.")] = None
    namespaces: Annotated[
        tuple[int, ...], Field(description="The numbers of the namespaces to read; empty for those with content.")
    ] = ()


class BookStackWiki(Wiki):
    """A BookStack, by its API."""

    name: Annotated[_Name, Field(description="What the wiki is called here: small letters, digits, `-`.")] = "bookstack"
    kind: Annotated[Literal["bookstack"], Field(description="`bookstack`.")]
    url: Annotated[_Address, Field(description="The address of its first page.")]
    token: Annotated[
        SecretStr,
        AfterValidator(_id_and_secret),
        Field(description="An API token of an account that may view what everybody may: its id, `:` and its secret."),
    ]


class DokuWikiWiki(Wiki):
    """A DokuWiki, by its remote API."""

    name: Annotated[_Name, Field(description="What the wiki is called here: small letters, digits, `-`.")] = "dokuwiki"
    kind: Annotated[Literal["dokuwiki"], Field(description="`dokuwiki`.")]
    url: Annotated[_Address, Field(description="The address of its first page.")]
    user: Annotated[
        str, Field(description="An account that may use the remote API and reads what the bot may; empty for a guest.")
    ] = ""
    password: Annotated[SecretStr | None, Field(description="The account's password.")] = None
    namespaces: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[^\s:/?#]+(:[^\s:/?#]+)*$")], ...],
        Field(description="The namespaces to read, with what is below them; empty for all."),
    ] = ()
    readers: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=200)], ...],
        Field(
            description="Who may read what the account reads and guests of the wiki may not, as a JSON list of "
            "principals, which `FOOTNOTE_READERS__…` gives to people and channels; `everyone` for whoever may ask; "
            "empty for nobody. What guests may read is for everyone."
        ),
    ] = ()


class ConfluenceWiki(Wiki):
    """A Confluence, Cloud or Data Center, by its API."""

    name: Annotated[_Name, Field(description="What the wiki is called here: small letters, digits, `-`.")] = (
        "confluence"
    )
    kind: Annotated[Literal["confluence"], Field(description="`confluence`.")]
    url: Annotated[
        _Address, Field(description="Its address: `https://acme.atlassian.net`, or Data Center's first page.")
    ]
    edition: Annotated[
        Literal["", "cloud", "data-center"],
        Field(description="`cloud` or `data-center`; empty to tell by the address."),
    ] = ""
    user: Annotated[
        str, Field(description="The account's e-mail address, or name; empty for Data Center's personal access tokens.")
    ] = ""
    token: Annotated[SecretStr, Field(description="The account's API token, personal access token or password.")]
    spaces: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^~?[A-Za-z0-9._:-]{1,255}$")], ...],
        Field(min_length=1, description="The keys of the spaces to read."),
    ]
    readers: Annotated[
        Literal["wiki", "everyone"],
        Field(
            description="Who may read these spaces: `wiki` for those whom their rights let in, `everyone` for whoever "
            "may ask. What single pages restrict counts either way."
        ),
    ]

    @property
    def is_cloud(self) -> bool:
        """Whether it is Cloud."""
        return self.edition == "cloud" or (not self.edition and ".atlassian.net" in self.url)


def _kind_of(wiki: object) -> object:
    """Return the kind of *wiki*: a folder, unless it says otherwise."""
    return wiki.get("kind", "folder") if isinstance(wiki, Mapping) else getattr(wiki, "kind", None)


WIKI_KINDS: Mapping[str, type[Wiki]] = {
    "folder": FolderWiki,
    "git": GitWiki,
    "mediawiki": MediaWikiWiki,
    "bookstack": BookStackWiki,
    "dokuwiki": DokuWikiWiki,
    "confluence": ConfluenceWiki,
}

WikiSettings = Annotated[
    Annotated[FolderWiki, Tag("folder")]
    | Annotated[GitWiki, Tag("git")]
    | Annotated[MediaWikiWiki, Tag("mediawiki")]
    | Annotated[BookStackWiki, Tag("bookstack")]
    | Annotated[DokuWikiWiki, Tag("dokuwiki")]
    | Annotated[ConfluenceWiki, Tag("confluence")],
    Discriminator(_kind_of),
]
"""One wiki to index."""
