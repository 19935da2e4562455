"""Signing in to Google Drive: as a service account, or as a person.

A service account sees what is shared with it. With domain-wide delegation it acts for a `subject`,
a person of the organisation. Neither needs a key file: on Google Cloud the machine's own account
signs. A person signs in once in a browser and leaves a refresh token (`kept`). Google's device flow
is no choice: it grants no scope that reads Drive
(https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes).

All of it asks for one scope, to read Drive.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import google.auth
from google.auth import iam
from google.auth.credentials import Credentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.auth.transport import Request
from google.auth.transport.requests import Request as RequestsRequest
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials as PersonCredentials

from core.errors import KhanaError, SetupError, TransientError

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
AUTHORIZATION_URI = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URI = "https://oauth2.googleapis.com/token"

_SIGNER_SCOPE = "https://www.googleapis.com/auth/iam"


def sign_in_error(error: GoogleAuthError) -> KhanaError:
    """What a fault in signing in is to Khana: the one place where google-auth's are mapped."""
    said = str(error)
    if "IAM signBlob API" in said:
        # google-auth makes it a TransportError, but has tried again where that may help.
        return SetupError(
            "The service account may not sign for itself: grant it the role Service Account Token "
            f"Creator on itself ({said})",
            code="sign_in_refused",
        )
    if isinstance(error, TransportError) or isinstance(error.__cause__, TransportError):
        return TransientError(f"Google's sign-in is out of reach: {said}")
    if error.retryable:
        return TransientError(f"Google's sign-in asks to come back later: {said}")
    if isinstance(error, DefaultCredentialsError):
        return SetupError(
            "There are no credentials for Google: on Google Cloud run as a service account; "
            "elsewhere let GOOGLE_APPLICATION_CREDENTIALS name a credentials file, or sign in "
            f"as a person ({said})",
            code="no_credentials",
        )
    if "invalid_grant" in said:
        return SetupError(
            f"Google refuses the sign-in, which was revoked or has expired: sign in again ({said})",
            code="sign_in_expired",
        )
    if "unauthorized_client" in said:
        return SetupError(
            "The service account may not act for that person: an administrator of the "
            f"organisation must grant it domain-wide delegation for {SCOPE} ({said})",
            code="sign_in_refused",
        )
    return SetupError(f"Signing in to Google failed: {said}", code="sign_in_refused")


def of_service_account(
    subject: str | None = None,
    *,
    request: Request | None = None,
    token_uri: str = TOKEN_URI,
) -> Credentials:
    """The Application Default Credentials, acting for `subject` (an e-mail address) if given.

    Without a key file, acting for somebody takes the role Service Account Token Creator on the
    account itself, as Google must sign for it.

    Raises:
        SetupError: there are none, or they can't act for a subject.
        TransientError: Google's sign-in is out of reach.
    """
    request = request or RequestsRequest()
    try:
        if subject is None:
            return google.auth.default(scopes=[SCOPE], request=request)[0]
        own, _ = google.auth.default(scopes=[_SIGNER_SCOPE], request=request)
        if isinstance(own, service_account.Credentials):
            delegated: Credentials = own.with_scopes([SCOPE]).with_subject(subject)
            return delegated
        # A person's credentials have no address; a machine's are called "default" until they have
        # been asked for a token.
        if hasattr(own, "service_account_email"):
            own.refresh(request)  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise sign_in_error(error) from error
    email = getattr(own, "service_account_email", None)
    if email is None:
        raise SetupError(
            f"The credentials for Google are a person's, and can't act for {subject}: "
            "use those of a service account",
            code="sign_in_refused",
        )
    signer = iam.Signer(request, own, email)  # type: ignore[no-untyped-call]
    return service_account.Credentials(  # type: ignore[no-untyped-call]
        signer, email, token_uri, scopes=[SCOPE], subject=subject
    )


def check(credentials: Credentials, *, request: Request | None = None) -> None:
    """Asks for an access token now, so that a refusal comes here and not during the work.

    Raises:
        SetupError: the sign-in was revoked, has expired, or is refused.
        TransientError: Google's sign-in is out of reach.
    """
    try:
        credentials.refresh(request or RequestsRequest())  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise sign_in_error(error) from error


def challenge(verifier: str) -> str:
    """What is shown of a verifier when a sign-in begins (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class BrowserSignIn:
    """One sign-in of a person: open `url` in a browser, then `finish` with what comes back.

    The browser is sent to `redirect_uri`, a port of loopback, with `code` and `state`. The client
    is an OAuth client of the type "desktop app". PKCE (RFC 7636) makes the code useless to others.
    """

    client_id: str
    client_secret: str
    redirect_uri: str
    token_uri: str = TOKEN_URI
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    @property
    def url(self) -> str:
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": SCOPE,
            "state": self.state,
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            # Together they have Google give a refresh token every time, not the first time alone.
            "access_type": "offline",
            "prompt": "consent",
        }
        return f"{AUTHORIZATION_URI}?{urlencode(query)}"

    def finish(self, *, code: str, state: str, request: Request | None = None) -> PersonCredentials:
        """The credentials for the code that the browser brought.

        Raises:
            SetupError: the code is of another sign-in, or Google refuses it.
            TransientError: Google's sign-in is out of reach.
        """
        if not secrets.compare_digest(state, self.state):
            raise SetupError(
                "The answer belongs to another sign-in: sign in again", code="sign_in_refused"
            )
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": self.verifier,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "redirect_uri": self.redirect_uri,
        }
        answer = self._post(form, request or RequestsRequest())
        if "refresh_token" not in answer:
            reason = answer.get("error_description") or answer.get("error") or "no refresh token"
            raise SetupError(
                f"Google refuses the sign-in to Drive: {reason}", code="sign_in_refused"
            )
        return PersonCredentials(  # type: ignore[no-untyped-call]
            answer.get("access_token"),
            refresh_token=answer["refresh_token"],
            token_uri=self.token_uri,
            client_id=self.client_id,
            client_secret=self.client_secret,
            scopes=[SCOPE],
        )

    def _post(self, form: dict[str, str], request: Request) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            response = request(self.token_uri, "POST", urlencode(form).encode(), headers)
            answer = json.loads(response.data)
        except GoogleAuthError as error:
            raise sign_in_error(error) from error
        except ValueError as error:
            raise TransientError("Google's sign-in answered with what is no JSON") from error
        if not isinstance(answer, dict) or response.status >= 500:
            raise TransientError(f"Google's sign-in is out of reach: status {response.status}")
        return answer
