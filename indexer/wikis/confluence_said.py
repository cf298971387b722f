"""What Confluence's API answers, Cloud's and Data Center's, as far as it is looked at."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _aware(when: datetime) -> datetime:
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


class _Said(BaseModel):
    """A part of an answer, of which other Confluences may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, coerce_numbers_to_str=True)


class Person(_Said):
    """A person or a group, by whatever Confluence names them with."""

    account_id: str = Field(default="", alias="accountId")
    user_key: str = Field(default="", alias="userKey")
    username: str = ""
    id: str = ""
    name: str = ""


class People(_Said):
    """Some people; all of them unless *size* or *limit* say that there may be more."""

    results: list[Person]
    size: int | None = None
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether these are all."""
        is_counted = self.size is None or self.size <= len(self.results)
        return is_counted and (self.limit is None or len(self.results) < self.limit)


class _ByKind(_Said):
    user: People
    group: People


class Restriction(_Said):
    """Who may read a page and what is below it: with nobody named, this page restricts nothing."""

    restrictions: _ByKind

    @property
    def is_whole(self) -> bool:
        """Whether everybody who may is named."""
        return self.restrictions.user.is_whole and self.restrictions.group.is_whole


class _Restrictions(_Said):
    read: Restriction | None = None


class Space(_Said):
    """A space."""

    key: str
    id: str = ""
    status: str = "current"


class _Version(_Said):
    number: int = Field(gt=0)
    when: Annotated[datetime, AfterValidator(_aware)]


class _Ancestor(_Said):
    id: str


class _Text(_Said):
    value: str


class _Body(_Said):
    storage: _Text


class Content(_Said):
    """A page as a search finds it; *body* only where it was asked for."""

    id: str = Field(pattern=r"^\d{1,19}$")
    type: str
    status: str
    title: str
    space: Space
    version: _Version
    ancestors: list[_Ancestor]
    restrictions: _Restrictions = _Restrictions()
    body: _Body | None = None


class _Links(_Said):
    next: str = ""


class Part(_Said):
    """Some of an answer, and where the rest is."""

    links: _Links = Field(default=_Links(), alias="_links")


class Contents(Part):
    """Some pages."""

    results: list[Content]


class _Id(_Said):
    id: str


class Ids(Part):
    """Some pages, by their numbers."""

    results: list[_Id]


class Spaces(Part):
    """Some spaces."""

    results: list[Space]


class _Operation(_Said):
    """What a right is for; Data Center and Cloud name its parts differently."""

    key: str = ""
    operation_key: str = Field(default="", alias="operationKey")
    target_type: str = Field(default="", alias="targetType")

    @property
    def is_to_read(self) -> bool:
        """Whether it is the right to see the space."""
        return "read" in {self.key, self.operation_key} and self.target_type == "space"


class Principal(_Said):
    """Whom a right is given to."""

    type: str = ""
    id: str = ""
    name: str = ""
    user_key: str = Field(default="", alias="userKey")


class _CloudRight(_Said):
    principal: Principal
    operation: _Operation


class CloudRights(Part):
    """Some rights of a space of Cloud."""

    results: list[_CloudRight]


class DataCenterRight(_Said):
    """A right of a space of Data Center."""

    subject: Principal | None = None
    operation: _Operation


class _NamedRight(_Said):
    user_name: str | None = Field(default=None, alias="userName")
    group_name: str | None = Field(default=None, alias="groupName")


class _RightSet(_Said):
    type: str
    rights: list[_NamedRight] = Field(alias="spacePermissions")


class RpcAnswer(_Said):
    """The rights of a space, as older Data Centers tell them; without *result* they do not."""

    result: list[_RightSet] | None = None


class SpaceReaders(_Said):
    """Who may see a space."""

    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    has_everyone: bool = False


class PageStatus(_Said):
    """Whether a page is current, in the trash or in the archive."""

    status: str
