"""A fake Open edX: the endpoints, forms and claims of its `oauth_dispatch` and `user_authn`, over real HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from people.fake_oidc import Reply

CLIENT = "lms-client"
SECRET = "lms-secret"
SHARED = OctKey.import_key("lms-secret-shared-among-services")


@dataclass
class FakeLms:
    """What it does can be changed while it runs."""

    origin: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "openedx"}))
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    knows_asymmetric: bool = True
    """Old releases sign by a shared secret whatever is asked."""

    def code_for(self, location: str, **claims: Any) -> dict[str, str]:
        """What the browser brings back when somebody of these claims signs in at `location`."""
        parts = urlsplit(location)
        assert parts.path == "/oauth2/authorize"
        asked = dict(parse_qsl(parts.query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = {"asked": asked, "claims": claims}
        return {"code": code, "state": asked["state"]}

    def reply(self, path: str, form: dict[str, str], authorization: str) -> Reply:
        """The honest answers."""
        del authorization
        if path == "/auth/jwks.json":
            # JWT_PUBLIC_SIGNING_JWK_SET is a string of JSON, and edx-platform encodes it once more.
            return _json(json.dumps(KeySet([self.key]).as_dict(private=False)))
        if path == "/oauth2/access_token":
            return self._token(form)
        return 404, "text/html", b"<h1>Page not found</h1>"

    def _token(self, form: dict[str, str]) -> Reply:
        told = self.codes.pop(form.get("code", ""), None)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, "application/json", b'{"error": "invalid_client"}'
        if told is None or form.get("redirect_uri") != told["asked"]["redirect_uri"] or not form.get("code_verifier"):
            return 400, "application/json", b'{"error": "invalid_grant"}'
        if form.get("token_type") != "jwt":
            return _json({"access_token": "opaque", "token_type": "Bearer", "scope": "profile"})
        moment = int(time.time())
        claims = {
            "aud": "openedx",
            "exp": moment + 3600,
            "grant_type": "authorization-code",
            "iat": moment,
            "iss": f"{self.origin}/oauth2",
            "preferred_username": "vera_p",
            "scopes": ["user_id", "profile", "email"],
            "version": "1.2.0",
            "sub": "4dcef3b5d1c8b7f3a2b8f0a0f7b0c7bd",
            "filters": [],
            "is_restricted": False,
            "email_verified": True,
            "user_id": 7,
            "email": "vera@example.org",
            "name": "Vera Paz",
            "family_name": "",
            "given_name": "",
            "administrator": False,
            "superuser": False,
        } | told["claims"]
        if form.get("asymmetric_jwt") and self.knows_asymmetric:
            token = jwt.encode({"alg": "RS512", "kid": "openedx"}, claims, self.key, algorithms=["RS512"])
        else:
            token = jwt.encode({"alg": "HS256"}, claims, SHARED)
        return _json({"access_token": token, "token_type": "JWT", "expires_in": 3600, "scope": "user_id profile email"})


def _json(body: Any) -> Reply:
    return 200, "application/json", json.dumps(body).encode()
