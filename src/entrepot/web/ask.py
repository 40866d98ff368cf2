"""One request for a page, as its handler sees it: who asks, for what, in which language."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.access.management import Asker
from entrepot.model.errors import Unknown
from entrepot.model.grant import CatalogGrant, Principal, ProjectGrant, RepositoryGrant, SystemGrant
from entrepot.model.permission import Permission
from entrepot.model.query import Condition, ListQuery, SortKey
from entrepot.web.form import Fields
from entrepot.web.subject import Subject
from entrepot.web.voice import Voice
from entrepot.wire.parts import Parts

PAGE_SIZE = 50
LONGEST_NUMBER = 18
"""Digits."""
MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request for a page."""

    parts: Parts
    asker: Asker
    session: str
    """What the session's cookie holds; empty without one."""
    random: str
    """What the token of forms is made of, beside the session."""
    secure: bool
    """Whether the client came by HTTPS."""
    subject: Subject
    path: str
    """As the address has it, decoded."""
    captured: Mapping[str, str]
    """The variable parts of the page's pattern."""
    query: Fields
    form: Fields
    """Empty for what only reads."""
    voice: Voice
    host: str
    """Under which clients find the registry: `hub.example.org:5000`."""
    address: str
    """The same with its scheme: `https://hub.example.org:5000`."""

    @property
    def principal(self) -> Principal:
        """Who asks. Their rights are the gate's to say."""
        return self.asker.identity.principal

    def number(self, name: str = "id") -> int:
        """The number that a variable part of the address is. Raises Unknown if it is none."""
        text = self.captured[name]
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
            raise Unknown(f"{text[:64]!r} is no number of anything here")
        return int(text)

    async def project(self, *needed: Permission) -> ProjectGrant:
        """A grant of the project that the address names. Raises as `ManagementGate.project`."""
        return await self.parts.management.project(self.asker, f"{self.subject.project}", *needed)

    async def repository(self, *needed: Permission) -> RepositoryGrant:
        """A grant of the repository that the address names. Raises as `ManagementGate.repository`."""
        return await self.parts.management.repository(self.asker, self.subject.name, *needed)

    async def system(self, permission: Permission) -> SystemGrant:
        """A grant in the system as a whole. Raises as `ManagementGate.system`."""
        return await self.parts.management.system(self.asker, permission)

    async def visible(self) -> CatalogGrant:
        """A grant of everything the asker may know of. Raises as `ManagementGate.visible`."""
        return await self.parts.management.visible(self.asker)

    def listed(
        self,
        conditions: Mapping[str, Condition] | None = None,
        *,
        sort: tuple[SortKey, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> ListQuery:
        """The page of a list that the address asks for (`?page=`). Raises Invalid."""
        page = self.query.whole("page", 1, least=1, most=MOST_PAGES)
        return ListQuery(conditions=conditions or {}, sort=sort, page=page, page_size=page_size)

    def say(self, sentence: str, /, **values: object) -> str:
        """A sentence in the reader's language."""
        return self.voice.say(sentence, **values)
