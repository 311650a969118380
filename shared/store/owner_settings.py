"""What the owner has set, in the bucket: settings/owner/<version>.json."""

from typing import NamedTuple

from shared.model.owner_settings import OWNER, OwnerSettings
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.versions import Versions


class SettingsRead(NamedTuple):
    """The record, empty where nothing is set; and sentences about what could not be read."""

    owner: OwnerSettings
    unreadable: tuple[str, ...] = ()


class SettingsStore(Versions[OwnerSettings]):
    """The owner's settings. Safe to use from several threads."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__(bucket, OwnerSettings, keys.SETTINGS, "settings")

    def look(self) -> SettingsRead:
        """What holds now. Raises StoreError."""
        found = self.read()
        return SettingsRead(found.records.get(OWNER, OwnerSettings(id=OWNER)), tuple(found.unreadable.values()))
