"""The media server's certificates: an authority of the simulator's own, kept in its data folder, and a leaf for it."""

import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.private import write_privately

_VALID = timedelta(days=3650)
_LEAF_VALID = timedelta(days=365)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WhatsApp simulator, this data folder only")])


@dataclass(frozen=True)
class MediaAuthority:
    """Who signs the media server's certificate; `file` is the certificate that clients must trust, PEM."""

    file: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def authority(folder: Path, now: datetime) -> MediaAuthority:
    """The data folder's authority, founded on first use; `now` is aware, UTC."""
    file, key_file = folder / "media-ca.pem", folder / "media-ca.key"
    if not (file.exists() and key_file.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        write_privately(key_file, _pem(key))
        write_privately(file, _sign_itself(key, now).public_bytes(Encoding.PEM).decode())
    loaded = load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key_file} does not hold the key that the simulator wrote.")
    return MediaAuthority(file, x509.load_pem_x509_certificate(file.read_bytes()), loaded)


def context(signer: MediaAuthority, folder: Path, now: datetime) -> ssl.SSLContext:
    """What the media server on 127.0.0.1 shows its clients: a fresh leaf, kept in `folder` for as long as it loads."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        _certificate(key, now, _LEAF_VALID)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        .sign(signer.key, hashes.SHA256())
    )
    both = folder / "media-leaf.pem"
    write_privately(both, _pem(key) + leaf.public_bytes(Encoding.PEM).decode())
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(both)
    both.unlink()
    return made


def _sign_itself(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _certificate(key, now, _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(key: ec.EllipticCurvePrivateKey, now: datetime, valid: timedelta) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + valid)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
