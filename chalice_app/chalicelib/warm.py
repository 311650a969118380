"""The tick of one function instance, kept while it is warm, with the secrets it was started with."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime

from shared.settings import SecretsSettings

from .tick import Report, Tick, TickFailed

log = logging.getLogger("tick")


class Warm:
    """Makes the tick at the first call, and keeps it with its bucket client.

    Secrets are fetched once for it, and once more when bucket or host refuse the key: where another one is kept by
    then, the tick is made anew and runs again at once, so that a changed key costs no minute.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is read at the first call; nothing is fetched before."""
        self._environment = environment
        self._secrets: Mapping[str, str] = {}
        self._tick: Tick | None = None

    def run(self, now: datetime) -> Report:
        """One tick. Raises TickFailed; SettingsError or SecretsUnavailable before there is one, and then the next call
        begins anew."""
        tick = self._tick or self._make(self._fetched())
        try:
            return tick.run(now)
        except TickFailed as failed:
            changed = self._changed() if failed.key_refused else None
            if changed is None:
                raise
            log.warning(json.dumps({"event": "secrets-changed", "reason": str(failed)}))
        return self._make(changed).run(now)

    def _make(self, secrets: Mapping[str, str]) -> Tick:
        """The tick with these secrets; what the environment says beside them stays."""
        self._tick = None
        self._tick = Tick({**self._environment, **secrets})
        self._secrets = secrets
        return self._tick

    def _changed(self) -> Mapping[str, str] | None:
        """The secrets as they are kept now; None where they are the same, or cannot be had."""
        if not self._secrets:
            return None
        from shared.kept_secrets import SecretsUnavailable

        try:
            found = self._fetched()
        except SecretsUnavailable as error:
            log.error(json.dumps({"event": "secrets-not-renewed", "reason": str(error)}))
            return None
        return None if found == self._secrets else found

    def _fetched(self) -> Mapping[str, str]:
        settings = SecretsSettings.read(self._environment)
        if not settings.name and not settings.parameter:
            return {}
        from shared.kept_secrets import fetch  # boto3 takes a third of a second

        return fetch(settings)
