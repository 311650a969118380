"""The keys a client must trust: a root, an intermediate and the server's static key, with the chain that joins them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator import curve
from simulator.curve import KeyPair
from simulator.protobufs import cert

_VALID = timedelta(days=3650)


@dataclass(frozen=True)
class Authority:
    """The server's three key pairs; kept across restarts so that one root key stays valid for a data folder."""

    root: KeyPair
    intermediate: KeyPair
    static: KeyPair


def found() -> Authority:
    """A new authority with fresh keys."""
    return Authority(curve.key_pair(), curve.key_pair(), curve.key_pair())


def chain(authority: Authority, now: datetime) -> bytes:
    """The serialized certificate chain, valid from a day before `now`; `now` is aware, UTC."""
    serials = {"notBefore": int((now - timedelta(days=1)).timestamp()), "notAfter": int((now + _VALID).timestamp())}
    details = cert.CertChain.NoiseCertificate.Details
    intermediate = details(serial=1, issuerSerial=0, key=authority.intermediate.public, **serials).SerializeToString()
    leaf = details(serial=2, issuerSerial=1, key=authority.static.public, **serials).SerializeToString()
    message: bytes = cert.CertChain(
        leaf={"details": leaf, "signature": curve.sign(authority.intermediate.private, leaf)},
        intermediate={"details": intermediate, "signature": curve.sign(authority.root.private, intermediate)},
    ).SerializeToString()
    return message
