"""The tick of one function instance, kept while it is warm, with the secrets it was started with."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime

from shared.settings import SecretsSettings, SettingsError

from .tick import Report, Tick

log = logging.getLogger("tick")


class Warm:
    """Makes the tick at the first call, and keeps it with its bucket client.

    Secrets are fetched once for it, and once more when bucket or host refuse the key: where another one is kept by
    then, the tick is made anew and runs again at once, so that a changed key costs no minute. What the first run found
    is told to nobody then.
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
        done = tick.hand_over(now)
        renewed = self._renewed() if done.key_refused else None
        if renewed is None:
            return tick.conclude(done)
        log.warning(json.dumps({"event": "secrets-changed", "reason": done.wrong}))
        return renewed.run(now)

    def _make(self, secrets: Mapping[str, str]) -> Tick:
        """The tick with these secrets; what the environment says beside them stays."""
        self._tick = Tick({**self._environment, **secrets})
        self._secrets = secrets
        return self._tick

    def _renewed(self) -> Tick | None:
        """The tick with the secrets as they are kept now; None where they are the same, or cannot be had or used."""
        if not self._secrets:
            return None
        from shared.kept_secrets import SecretsUnavailable

        try:
            found = self._fetched()
            return None if found == self._secrets else self._make(found)
        except (SecretsUnavailable, SettingsError) as error:
            log.error(json.dumps({"event": "secrets-not-renewed", "reason": str(error)}))
            return None

    def _fetched(self) -> Mapping[str, str]:
        settings = SecretsSettings.read(self._environment)
        if not settings.name and not settings.parameter:
            return {}
        from shared.kept_secrets import fetch  # boto3 takes a third of a second

        return fetch(settings)
