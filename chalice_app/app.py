"""The cloud function: the tick, every minute; locally also POST /tick, for `chalice local` runs no schedules."""

import json
import logging
import os

from chalice import Chalice, Rate

from chalicelib.tick import Report
from chalicelib.warm import Warm
from shared.clock import SYSTEM

app = Chalice(app_name="whatsapp-vpslink")
log = logging.getLogger("tick")
log.setLevel(logging.INFO)
warm = Warm(os.environ)


def run() -> Report:
    """One tick; the bucket client and the secrets are kept while the function is warm."""
    report = warm.run(SYSTEM.now())
    log.info(json.dumps({"event": "tick", **report.as_json()}))
    return report


@app.schedule(Rate(1, unit=Rate.MINUTES))
def tick(_event: object) -> dict[str, object]:
    """The minute's tick; an exception counts in the function's Errors metric, which an alarm watches."""
    return run().as_json()


if os.environ.get("TICK_ROUTE") == "local":  # set by the stage `local` only; a test holds prod to have no API

    @app.route("/tick", methods=["POST"])
    def post_tick() -> dict[str, object]:
        """The same tick, called by hand or by a local timer."""
        return run().as_json()
