"""Refusals as Google words them. Compute Engine's own carry errors[] with a reason; those of the layer in front of
all APIs (unknown fields, authentication, rates) carry a status and details as well."""

STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
            409: "ALREADY_EXISTS", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


class Refusal(Exception):
    """status is HTTP's; reason as in errors[0]; `layered` adds the status word, which Compute itself leaves out."""

    def __init__(self, status, reason, message, domain="global", details=None, layered=False, extra=None):
        super().__init__(message)
        self.status, self.reason, self.message, self.domain = status, reason, message, domain
        self.details, self.layered, self.extra = details, layered or details is not None, extra or {}

    def document(self):
        error = {"code": self.status, "message": self.message,
                 "errors": [{"message": self.message, "domain": self.domain, "reason": self.reason} | self.extra]}
        if self.layered:
            error["status"] = STATUSES.get(self.status, "UNKNOWN")
        if self.details is not None:
            error["details"] = self.details
        return {"error": error}


class OAuthRefusal(Exception):
    """The token endpoints' own form."""

    def __init__(self, status, error, description):
        super().__init__(description)
        self.status, self.error, self.description = status, error, description

    def document(self):
        return {"error": self.error, "error_description": self.description}


def not_found(path):
    return Refusal(404, "notFound", f"The resource '{path}' was not found")


def exists(path):
    return Refusal(409, "alreadyExists", f"The resource '{path}' already exists")


def not_ready(path):
    return Refusal(400, "resourceNotReady", f"The resource '{path}' is not ready")


def invalid(field, value, why):
    return Refusal(400, "invalid", f"Invalid value for field '{field}': '{value}'. {why}")


def required(field):
    return Refusal(400, "required", f"Required field '{field}' not specified")


def malformed(message):
    """What the layer in front finds wrong with a body or a query."""
    return Refusal(400, "invalid", message, details=[{
        "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"description": message}]}])


def unauthenticated(reason="ACCESS_TOKEN_TYPE_UNSUPPORTED", service="compute.googleapis.com"):
    return Refusal(
        401, "required" if reason == "CREDENTIALS_MISSING" else "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        details=[{"@type": ERROR_INFO, "reason": reason, "domain": "googleapis.com",
                  "metadata": {"service": service}}],
        extra={"location": "Authorization", "locationType": "header"})


def forbidden(permission, resource):
    return Refusal(403, "forbidden", f"Required '{permission}' permission for '{resource}'")


def rate_limited(metric, project_number, status=403):
    message = (f"Quota exceeded for quota metric '{metric}' and limit '{metric} per minute' of service "
               f"'compute.googleapis.com' for consumer 'project_number:{project_number}'.")
    return Refusal(status, "rateLimitExceeded", message, domain="usageLimits", details=[{
        "@type": ERROR_INFO, "reason": "RATE_LIMIT_EXCEEDED", "domain": "googleapis.com",
        "metadata": {"service": "compute.googleapis.com", "consumer": f"projects/{project_number}",
                     "quota_metric": metric}}])


def backend(status=503):
    return Refusal(status, "backendError", "Internal error. Please try again or contact Google Support. "
                                           "(Code: 'FAKE')")


def named(code, status):
    """A refusal by its reason alone, for faults."""
    if code in ("rateLimitExceeded", "userRateLimitExceeded"):
        refusal = rate_limited("Queries", 0, status)
        refusal.reason = code
        return refusal
    if code == "quotaExceeded":
        return Refusal(status, code, "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1.",
                       domain="usageLimits")
    if code == "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED":
        return Refusal(status, "rateLimitExceeded", "Quota exceeded for concurrent operations.",
                       domain="usageLimits", details=[{"@type": ERROR_INFO, "reason": code,
                                                       "domain": "compute.googleapis.com", "metadata": {}}])
    if status == 401:
        return unauthenticated("ACCESS_TOKEN_EXPIRED")
    return Refusal(status, code, "as the test wants it")
