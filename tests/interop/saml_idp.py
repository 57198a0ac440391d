"""An identity provider on `pysaml2`, which checks our metadata and requests and signs its own answers.

    python saml_idp.py PORT OUR_METADATA_URL FOLDER

Our metadata is fetched when somebody first comes with a request. `/seen` says what it has understood of us. Who is
called "sealed" is spoken of in assertions that are encrypted for us, "old" in signatures by SHA-1. `/end?name=…` signs
somebody out here from there; with `&unsigned=1` as anybody could ask for it.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.cert import OpenSSLWrapper
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

PORT, OURS, FOLDER = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
HOME = f"http://127.0.0.1:{PORT}"
PEOPLE = {
    "vera": {"displayName": "Vera Paz", "mail": "vera@example.org", "givenName": "Vera", "sn": "Paz"},
    "old": {"mail": "old@example.org"},
    "sealed": {"displayName": "Selma Paz", "mail": "sealed@example.org", "isMemberOf": ["staff", "choir"]},
}


def settings(**more: Any) -> IdPConfig:
    """The provider's configuration."""
    return IdPConfig().load(
        {
            "entityid": f"{HOME}/metadata",
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"{HOME}/sso", BINDING_HTTP_REDIRECT)],
                        "single_logout_service": [(f"{HOME}/slo", BINDING_HTTP_REDIRECT)],
                    },
                    "policy": {"default": {"name_form": NAME_FORMAT_URI, "lifetime": {"minutes": 5}}},
                    "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                    "sign_assertion": True,
                    "sign_response": True,
                }
            },
            "key_file": str(FOLDER / "idp.key"),
            "cert_file": str(FOLDER / "idp.crt"),
            **more,
        }
    )


class Idp(ThreadingHTTPServer):
    """`seen`: the requests that it has understood and the names that it has given."""

    seen: list[dict[str, str]]
    _server: Server | None = None

    @property
    def saml(self) -> Server:
        """The provider, once it knows us."""
        if self._server is None:
            self._server = Server(config=settings(metadata={"remote": [{"url": OURS}]}))
        return self._server


class Pages(BaseHTTPRequestHandler):
    """What browsers see."""

    server: Idp

    def do_GET(self) -> None:
        """One of the pages."""
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/metadata":
            self._send(str(entity_descriptor(settings())), kind="application/samlmetadata+xml")
        elif address.path == "/seen":
            self._send(json.dumps(self.server.seen), kind="application/json")
        elif address.path == "/sso" and "name" not in query:
            self._send(
                "<title>Campus</title><form>"
                + "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in query.items())
                + '<label>Name <input name="name"></label><button>Sign in</button></form>'
            )
        elif address.path == "/sso":
            self._sign_in(query)
        elif address.path == "/slo" and "SAMLResponse" in query:
            self._send("<title>Campus</title><h1>Signed out everywhere</h1>")
        elif address.path == "/slo":
            self._sign_out(query)
        elif address.path == "/end":
            self._end(query)
        else:
            self._send("There is no such page.", status=404)

    def _sign_in(self, query: dict[str, str]) -> None:
        saml, name = self.server.saml, query["name"]
        request = saml.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
        where = saml.response_args(request, [BINDING_HTTP_POST])
        context = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": HOME}
        answer = saml.create_authn_response(
            PEOPLE[name],
            userid=name,
            authn=context,
            encrypt_assertion=name == "sealed",
            # The signature that it makes inside of encryption is invalid to python3-saml; the response's counts then.
            sign_assertion=name != "sealed",
            **self._algorithms(name),
            **self._known(where),
        )
        self.server.seen.append({"is": "sign-in", "by": request.issuer.text, "to": where["destination"]})
        page = saml.apply_binding(
            BINDING_HTTP_POST, str(answer), where["destination"], query.get("RelayState", ""), response=True
        )
        self._send(page["data"])

    @staticmethod
    def _algorithms(name: str) -> dict[str, str]:
        """Its own default is SHA-1, as old providers' is."""
        return {} if name == "old" else {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}

    @staticmethod
    def _known(where: dict[str, Any]) -> dict[str, Any]:
        return {name: where[name] for name in ("in_response_to", "destination", "sp_entity_id", "name_id_policy")}

    def _sign_out(self, query: dict[str, str]) -> None:
        saml = self.server.saml
        request = saml.parse_logout_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
        name = saml.ident.find_local_id(request.name_id)
        self.server.seen.append({"is": "sign-out", "by": request.issuer.text, "name": str(name)})
        _binding, where = saml.pick_binding(
            "single_logout_service", [BINDING_HTTP_REDIRECT], descr_type="spsso", request=request
        )
        answer = saml.create_logout_response(request, [BINDING_HTTP_REDIRECT], sign=False)
        away = saml.apply_binding(
            BINDING_HTTP_REDIRECT,
            str(answer),
            where,
            query.get("RelayState", ""),
            response=True,
            sign=True,
            sigalg=SIG_RSA_SHA256,
        )
        self.send_response(302)
        self.send_header("Location", dict(away["headers"])["Location"])
        self.end_headers()

    def _end(self, query: dict[str, str]) -> None:
        saml = self.server.saml
        where = f"{OURS.removesuffix('metadata/')}sls/"
        request_id, request = saml.create_logout_request(
            where, issuer_entity_id=OURS, name_id=saml.ident.find_nameid(query["name"])[0], sign=False
        )
        signing = {} if "unsigned" in query else {"sign": True, "sigalg": SIG_RSA_SHA256}
        away = saml.apply_binding(BINDING_HTTP_REDIRECT, str(request), where, str(request_id), **signing)
        self.send_response(302)
        self.send_header("Location", dict(away["headers"])["Location"])
        self.end_headers()

    def _send(self, content: str, *, status: int = 200, kind: str = "text/html; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_args: object) -> None:
        """Nothing is logged."""


def main() -> None:
    """Make a key, serve, say so."""
    certificate, key = OpenSSLWrapper().create_certificate(
        {"cn": "campus", "country_code": "es", "state": "Madrid", "city": "Madrid", "organization": "Campus",
         "organization_unit": "IT"},
        request=False, write_to_file=False, key_length=2048,
    )  # fmt: skip
    for name, content in (("idp.crt", certificate), ("idp.key", key)):
        text = content.decode() if isinstance(content, bytes) else content
        (FOLDER / name).write_text(text)
    with Idp(("127.0.0.1", PORT), Pages) as server:
        server.seen = []
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


main()
