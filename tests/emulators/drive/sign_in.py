"""Who may call: Google's token endpoint, the IAM signer and the metadata server, in short.

Tokens are given for a refresh token, for a signed assertion of a service account (RFC 7523), for an
authorization code with its PKCE verifier, and to whoever runs on a machine with a service account.
"""

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .errors import ApiError

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_METADATA = "/computeMetadata/v1/"
_DRIVE_SCOPES = {f"https://www.googleapis.com/auth/drive{suffix}" for suffix in ("", ".readonly")}

Answer = tuple[int, dict[str, Any] | str]


@dataclass(frozen=True)
class Grant:
    """What an access token stands for: who signed in, in whose name, for which scopes."""

    account: str
    subject: str | None
    scopes: frozenset[str]


@dataclass
class SignIn:
    """The accounts and tokens. With `required` off, calls without a token are served, too."""

    required: bool = False
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, tuple[str, Grant]] = field(default_factory=dict)
    """By authorization code: the S256 challenge that its verifier must meet, and its grant."""
    service_accounts: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    machine_account: str | None = None
    may_act_for: set[str] = field(default_factory=set)
    """The people whom domain-wide delegation lets service accounts act for."""
    access_tokens: dict[str, Grant] = field(default_factory=dict)

    def check(self, authorization: str | None) -> None:
        """Refuses a call of the API without a token that is good for it."""
        if not self.required:
            return
        grant = self.access_tokens.get((authorization or "").removeprefix("Bearer "))
        if grant is None:
            raise ApiError(
                401,
                "authError",
                "Invalid Credentials",
                location="Authorization",
                location_type="header",
            )
        if not grant.scopes & _DRIVE_SCOPES:
            raise ApiError(
                403,
                "insufficientPermissions",
                "Request had insufficient authentication scopes.",
            )

    def serve(self, verb: str, target: str, body: bytes) -> Answer | None:
        """The answer to a request to sign in; None if it is none."""
        url = urlsplit(target)
        if verb == "POST" and url.path == "/token":
            return self._token({key: values[0] for key, values in parse_qs(body.decode()).items()})
        if verb == "POST" and url.path.endswith(":signBlob"):
            email = unquote(url.path.rpartition("/")[2].removesuffix(":signBlob"))
            return self._sign(email, json.loads(body))
        if url.path == "/" or url.path.startswith(_METADATA):
            return self._metadata(url.path.removeprefix(_METADATA), parse_qs(url.query))
        return None

    def _token(self, form: dict[str, str]) -> Answer:
        kind = form.get("grant_type")
        if kind == "refresh_token":
            grant = self.refresh_tokens.get(form.get("refresh_token", ""))
            if grant is None:
                return _refused("invalid_grant", "Token has been expired or revoked.")
            return self._issue(grant)
        if kind == "authorization_code":
            challenge, grant = self.codes.pop(form.get("code", ""), ("", None))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if grant is None or challenge != base64.urlsafe_b64encode(digest).decode().rstrip("="):
                return _refused("invalid_grant", "Malformed auth code.")
            refresh = f"1//{len(self.refresh_tokens)}"
            self.refresh_tokens[refresh] = grant
            status, answer = self._issue(grant)
            assert isinstance(answer, dict)
            return status, answer | {"refresh_token": refresh}
        if kind == _JWT_BEARER:
            return self._assertion(form["assertion"])
        return _refused("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _assertion(self, assertion: str) -> Answer:
        signed, _, signature = assertion.rpartition(".")
        claims = json.loads(_from_base64url(signed.partition(".")[2]))
        key = self.service_accounts.get(claims["iss"])
        if key is None:
            return _refused("invalid_grant", "Invalid grant: account not found")
        try:
            key.public_key().verify(
                _from_base64url(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return _refused("invalid_grant", "Invalid JWT Signature.")
        if not claims["iat"] - 10 <= time.time() <= claims["exp"]:
            return _refused("invalid_grant", "Invalid JWT: iat and exp are out of range.")
        if claims.get("sub") not in {None, *self.may_act_for}:
            return _refused(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client "
                "not authorized for any of the scopes requested.",
            )
        return self._issue(
            Grant(claims["iss"], claims.get("sub"), frozenset(claims["scope"].split()))
        )

    def _sign(self, email: str, body: dict[str, str]) -> Answer:
        key = self.service_accounts.get(email)
        if key is None:
            return 403, {"error": {"code": 403, "message": "signBlob denied"}}
        signature = key.sign(base64.b64decode(body["payload"]), padding.PKCS1v15(), hashes.SHA256())
        return 200, {"keyId": "1", "signedBlob": base64.b64encode(signature).decode()}

    def _metadata(self, path: str, query: dict[str, list[str]]) -> Answer | None:
        account = self.machine_account
        if account is None:
            return None
        if path == "/":
            return 200, ""
        if path == "project/project-id":
            return 200, "a-project"
        if path == "universe/universe-domain":
            return 200, "googleapis.com"
        if path.endswith("/token"):
            scopes = frozenset(query.get("scopes", [""])[0].split(","))
            return self._issue(Grant(account, None, scopes))
        return 200, {"email": account, "aliases": ["default"], "scopes": []}

    def _issue(self, grant: Grant) -> Answer:
        token = f"ya29.{len(self.access_tokens)}"
        self.access_tokens[token] = grant
        return 200, {
            "access_token": token,
            "expires_in": 3599,
            "token_type": "Bearer",
            "scope": " ".join(sorted(grant.scopes)),
        }


def _refused(error: str, description: str) -> Answer:
    return 400, {"error": error, "error_description": description}


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
