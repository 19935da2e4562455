"""What Drive answers when it refuses."""

from typing import Any


class ApiError(Exception):
    """An error answer of the service, in the form that it has on the wire."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        location: str | None = None,
        location_type: str = "parameter",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self._location = location
        self._location_type = location_type

    def body(self) -> dict[str, Any]:
        detail = {"message": self.message, "domain": "global", "reason": self.reason}
        if self._location:
            detail |= {"location": self._location, "locationType": self._location_type}
        return {"error": {"code": self.status, "message": self.message, "errors": [detail]}}


def invalid(parameter: str, message: str) -> ApiError:
    return ApiError(400, "invalidParameter", message, location=parameter)


def file_not_found(file_id: str) -> ApiError:
    return ApiError(404, "notFound", f"File not found: {file_id}.", location="fileId")


def drive_not_found(drive_id: str) -> ApiError:
    return ApiError(404, "notFound", f"Shared drive not found: {drive_id}", location="driveId")
