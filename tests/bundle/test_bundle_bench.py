"""What `./wa bench bundle` measures is the tick as it runs each minute: with its secrets in AWS, and nothing amiss."""

import pytest

from bench.bundle import SECRETS, surroundings
from chalice_app.chalicelib.warm import Warm
from shared.clock import SYSTEM


def test_a_measured_tick_fetches_its_secrets_and_does_not_look_for_what_is_overdue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with surroundings() as (store, settings):
        assert not {"HOST_TOKEN", *SECRETS} & settings.keys()
        for name in (name for name in settings if name.startswith("AWS_")):
            monkeypatch.setenv(name, settings[name])
        warm = Warm(settings)
        warm.run(SYSTEM.now())
        before = len(store.seen)
        assert warm.run(SYSTEM.now()).picked == 0
        asked = [each.path.rpartition("/whatsapp/")[2] for each in store.seen[before:]]
    assert asked == ["scheduled.json", "pulse/host.json", "pulse/tick.json"]
