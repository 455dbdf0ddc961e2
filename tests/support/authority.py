# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of one test: server and client certificates, and OCSP responses about them."""
import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from .certificates import Certificate


def _now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder = Path(folder)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._build(name, self._key, [x509.BasicConstraints(ca=True, path_length=None)])
        self.file = self.folder / f"{name}.ca.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def _build(self, name, key, extensions, days=2):
        builder = (x509.CertificateBuilder().subject_name(_name(name))
                   .issuer_name(self._certificate.subject if hasattr(self, "_certificate") else _name(name))
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(_now() - datetime.timedelta(hours=1))
                   .not_valid_after(_now() + datetime.timedelta(days=days)))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())

    def issue(self, name, dns=(), ips=(), uris=(), days=2):
        """A P-256 certificate with its key, as files NAME.crt and NAME.key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = ([x509.DNSName(each) for each in dns] + [x509.IPAddress(ipaddress.ip_address(each)) for each in ips]
                 + [x509.UniformResourceIdentifier(each) for each in uris])
        certificate = self._build(name, key, [x509.SubjectAlternativeName(names)] if names else [], days)
        made = Certificate(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        return made

    def write_ocsp(self, made, path, lasts=datetime.timedelta(hours=1)):
        """What a responder says of a certificate: good, until then."""
        certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
        response = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate, issuer=self._certificate, algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD, this_update=_now() - datetime.timedelta(hours=2),
            next_update=_now() + lasts, revocation_time=None, revocation_reason=None,
        ).responder_id(ocsp.OCSPResponderEncoding.HASH, self._certificate).sign(self._key, hashes.SHA256())
        Path(path).write_bytes(response.public_bytes(serialization.Encoding.DER))
