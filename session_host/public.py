"""What anybody may ask without a token: what this is, whether it answers, how it is."""

from session_host import VERSION, health
from session_host.contract import Answer, Call, Contract, openapi
from session_host.host import Host


class Public:
    """The open views, registered on a contract."""

    def __init__(self, host: Host, contract: Contract) -> None:
        self._host = host
        self._contract = contract
        contract.add("GET", "/", self.info, summary="What this is.")
        contract.add("GET", "/ping", self.ping, summary="Whether it answers.")
        contract.add("GET", "/health", self.health, answers={200: None, 503: None}, summary="How it is.")
        contract.add("GET", "/openapi.json", self.openapi, summary="This API, described for programs.")

    def info(self, _: Call) -> Answer:
        return Answer(
            {
                "service": "whatsapp-vpslink session host",
                "version": VERSION,
                "host": self._host.settings.name,
                "api": "/api/v1",
                "description": "/openapi.json",
                "health": "/health",
            }
        )

    def ping(self, _: Call) -> Answer:
        return Answer({"pong": True})

    def health(self, _: Call) -> Answer:
        now = self._host.clock.now()
        document = health.document(self._host.health(now), now)
        return Answer(document, 200 if document["healthy"] else 503)

    def openapi(self, _: Call) -> Answer:
        return Answer(openapi(self._contract.operations))
