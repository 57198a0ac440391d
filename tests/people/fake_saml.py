"""A fake SAML identity provider: metadata and assertions as text, really signed (xmlsec). It is a fake."""

from __future__ import annotations

import base64
import datetime as dt
import zlib
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

xmlsec: Any = import_module("xmlsec")  # its own stubs lack most of what is used here
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
NAME = "urn:oid:2.16.840.1.113730.3.1.241"


def _pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake idp")])
    moment = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - dt.timedelta(days=1))
        .not_valid_after(moment + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class FakeIdp:
    """An identity provider with a key of its own."""

    entity: str = "https://idp.example/metadata"
    pair: tuple[str, str] = field(default_factory=_pair)

    @property
    def metadata(self) -> str:
        """What it says of itself."""
        lines = self.pair[1].splitlines()[1:-1]
        return (
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
            f' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{self.entity}">'
            '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
            f"{''.join(lines)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            '<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            ' Location="https://idp.example/slo"/>'
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            ' Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
        )

    def respond(self, location: str | None, *, signed: bool = True, **said: Any) -> dict[str, str]:
        """What the browser posts back after signing in at `location`; None: nobody asked."""
        about: dict[str, Any] = {
            "subject": "u-1",
            "format": PERSISTENT,
            "attributes": {NAME: "Vera Paz", MAIL: "vera@example.org"},
            "audience": "http://testserver/accounts/saml/campus/metadata/",
            "acs": "http://testserver/accounts/saml/campus/acs/",
            "minutes": 5,
            "issuer": self.entity,
        } | said
        asked = request_of(location) if location else None
        asked_for = f' InResponseTo="{asked.attrib["ID"]}"' if asked is not None else ""
        moment = dt.datetime.now(dt.UTC)
        now, until = _text(moment), _text(moment + dt.timedelta(minutes=about["minutes"]))
        before = _text(moment - dt.timedelta(minutes=1))
        attributes = "".join(
            f'<saml:Attribute Name="{name}">{_values(value)}</saml:Attribute>'
            for name, value in about["attributes"].items()
        )
        number = f"_{abs(hash((now, about['subject'], location)))}"
        assertion = (
            f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{number}a" Version="2.0"'
            f' IssueInstant="{now}"><saml:Issuer>{about["issuer"]}</saml:Issuer><saml:Subject>'
            f'<saml:NameID Format="{about["format"]}">{escape(about["subject"])}</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{about["acs"]}"{asked_for}/>'
            "</saml:SubjectConfirmation></saml:Subject>"
            f'<saml:Conditions NotBefore="{before}" NotOnOrAfter="{until}"><saml:AudienceRestriction>'
            f"<saml:Audience>{about['audience']}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="s-1"><saml:AuthnContext>'
            "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
            "</saml:AuthnContext></saml:AuthnStatement>"
            f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
        )
        if signed:
            made = OneLogin_Saml2_Utils.add_sign(assertion, *self.pair)
            assertion = made.decode() if isinstance(made, bytes) else made
        change = about.get("change")
        response = (
            f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
            f' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{number}r" Version="2.0" IssueInstant="{now}"'
            f' Destination="{about["acs"]}"{asked_for}><saml:Issuer>{about["issuer"]}</saml:Issuer><samlp:Status>'
            '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
            f"{change(assertion) if change else assertion}</samlp:Response>"
        )
        return {"SAMLResponse": base64.b64encode(response.encode()).decode()}

    def about_signing_out(self, kind: str, *, signed: bool = False) -> dict[str, str]:
        """The query of a logout request, or of the answer to one (SAML Bindings 3.4)."""
        moment = _text(dt.datetime.now(dt.UTC))
        where = "http://testserver/accounts/saml/campus/sls/"
        about = (
            f'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
            f' ID="_out" Version="2.0" IssueInstant="{moment}" Destination="{where}"'
        )
        issuer = f"<saml:Issuer>{self.entity}</saml:Issuer>"
        status = '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        message = {
            "SAMLRequest": f"<samlp:LogoutRequest {about}>{issuer}<saml:NameID>u-1</saml:NameID></samlp:LogoutRequest>",
            "SAMLResponse": f"<samlp:LogoutResponse {about}>{issuer}{status}</samlp:LogoutResponse>",
        }[kind]
        query = {kind: _packed(message)}
        if signed:
            query["SigAlg"] = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
            key = serialization.load_pem_private_key(self.pair[0].encode(), password=None)
            assert isinstance(key, rsa.RSAPrivateKey)
            signature = key.sign(urlencode(query).encode(), padding.PKCS1v15(), hashes.SHA256())
            query["Signature"] = base64.b64encode(signature).decode()
        return query


def _values(value: str | list[str]) -> str:
    values = [value] if isinstance(value, str) else value
    return "".join(f"<saml:AttributeValue>{escape(one)}</saml:AttributeValue>" for one in values)


def _packed(message: str) -> str:
    squeezer = zlib.compressobj(wbits=-15)
    return base64.b64encode(squeezer.compress(message.encode()) + squeezer.flush()).decode()


def encrypted(assertion: str, metadata: bytes) -> str:
    """The assertion, encrypted for the first encryption key of this metadata (XML Encryption)."""
    found = etree.fromstring(metadata).find('.//{*}KeyDescriptor[@use="encryption"]//{*}X509Certificate')
    pem = f"-----BEGIN CERTIFICATE-----\n{''.join(found.text.split())}\n-----END CERTIFICATE-----\n"
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.CERT_PEM, None))
    tree = etree.fromstring(assertion)
    sealed = xmlsec.template.encrypted_data_create(tree, xmlsec.Transform.AES128, type=xmlsec.EncryptionType.ELEMENT)
    xmlsec.template.encrypted_data_ensure_cipher_value(sealed)
    about_key = xmlsec.template.encrypted_data_ensure_key_info(sealed, ns="dsig")
    key = xmlsec.template.add_encrypted_key(about_key, xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 128, xmlsec.KeyDataType.SESSION)
    data = etree.tostring(context.encrypt_xml(sealed, tree)).decode()
    return f"<saml:EncryptedAssertion>{data}</saml:EncryptedAssertion>"


def request_of(location: str) -> Any:
    """The request that a redirect carries."""
    packed = base64.b64decode(parse_qs(urlsplit(location).query)["SAMLRequest"][0])
    return etree.fromstring(zlib.decompress(packed, -15))


def _text(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
