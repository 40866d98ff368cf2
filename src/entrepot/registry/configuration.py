"""The system's configuration, as administrators see and change it while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.db import configuration, events
from entrepot.db.contract import Database, Transaction
from entrepot.model.configuration import SETTINGS, Setting, Value
from entrepot.model.errors import Denied, Invalid, ReadOnly
from entrepot.model.event import Event, EventName
from entrepot.model.grant import SystemGrant
from entrepot.model.permission import Permission, Resource, Verb

READ = Permission(Resource.CONFIGURATION, Verb.READ)
UPDATE = Permission(Resource.CONFIGURATION, Verb.UPDATE)


@dataclass(frozen=True, slots=True)
class Current:
    """A setting, its value, and whether it can be changed now."""

    setting: Setting
    value: Value
    editable: bool


class Configuration:
    """Reads and changes settings. A change is obeyed by every process at its next read."""

    def __init__(self, db: Database, fixed: Mapping[str, str] | None = None) -> None:
        """`fixed` are settings that were set from outside and cannot be changed. Raises Invalid for a wrong value."""
        self._db = db
        self._fixed = {name: SETTINGS[name].parse(text) for name, text in (fixed or {}).items() if name in SETTINGS}

    async def read(self, grant: SystemGrant) -> list[Current]:
        """Every setting that can be changed, but for secrets."""
        grant.require(READ)
        changed, alone = await self._db.read(lambda tx: (configuration.changed(tx), _nobody_but_admin(tx)))
        found = []
        for setting in SETTINGS.values():
            if setting.changeable and not setting.secret:
                editable = setting.name not in self._fixed and (setting.name != "auth_mode" or alone)
                found.append(Current(setting, self._of(setting, changed), editable))
        return found

    async def change(self, grant: SystemGrant, values: Mapping[str, object]) -> None:
        """Sets all of these or none. Names that are no changeable settings are passed over (as Harbor does).

        Raises Invalid for a wrong value, Denied for one that cannot be changed now.
        """
        grant.require(UPDATE)
        parsed: dict[str, Value] = {}
        for name, given in values.items():
            setting = SETTINGS.get(name)
            if setting is not None and setting.changeable:
                parsed[name] = setting.parse(given)
        refused = sorted(self._fixed.keys() & parsed.keys())
        if refused:
            raise Denied(f"{', '.join(refused)} is set where the registry is started, and cannot be changed here")

        def change(tx: Transaction) -> None:
            before = configuration.changed(tx)
            new = {name: value for name, value in parsed.items() if self._of(SETTINGS[name], before) != value}
            if not new:
                return
            if "auth_mode" in new and not _nobody_but_admin(tx):
                raise Invalid("auth_mode cannot be changed once there are users beside the first administrator")
            after = {**before, **new}
            if after.get("skip_audit_log_database") and not after.get("audit_log_forward_endpoint"):
                raise Invalid("skip_audit_log_database needs audit_log_forward_endpoint, or events would be lost")
            configuration.put(tx, new)
            names = ", ".join(sorted(new))
            events.record(
                tx,
                Event(
                    name=EventName.CONFIGURATION_CHANGED,
                    by=grant.principal,
                    resource="configuration",
                    detail={"settings": names},
                ),
            )

        await self._db.write(change)

    async def get(self, name: str) -> Value:
        """One setting as it is now."""
        if name in self._fixed:
            return self._fixed[name]
        return await self._db.read(lambda tx: configuration.value(tx, name), key=("configuration", name))

    async def session_minutes(self) -> int:
        """For how long a session lasts without being used."""
        return int(await self.get("session_timeout"))

    async def is_on(self, name: str) -> bool:
        """Whether a setting that is true or false is true."""
        return await self.get(name) is True

    async def require_writable(self) -> None:
        """Returns if things may be changed. Raises ReadOnly."""
        if await self.is_on("read_only"):
            raise ReadOnly("the registry is read-only at the moment: nothing can be pushed, changed or deleted")

    def _of(self, setting: Setting, changed: Mapping[str, Value]) -> Value:
        return self._fixed.get(setting.name, changed.get(setting.name, setting.default))


def _nobody_but_admin(tx: Transaction) -> bool:
    return tx.one("SELECT 1 FROM users WHERE id > 1 LIMIT 1") is None
