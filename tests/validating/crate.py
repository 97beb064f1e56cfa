"""Validate an RO-Crate by a profile with roc-validator; print its issues as JSON. No network.

Under the validator, HTTP has one document: the context of RO-Crate 1.1 that `rocrate` carries.
"""

import json
import socket
import sys
from importlib.resources import files
from io import BytesIO

import requests
from requests.adapters import HTTPAdapter
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings

DATA = (files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()
KNOWN = {json.loads(DATA)["@id"]: DATA}


def send(self, request, **_):
    """Answer a request for what is known here, and no other."""
    if request.url not in KNOWN:
        raise requests.ConnectionError(f"no network here: {request.url}")
    answer = requests.Response()
    answer.status_code, answer.url, answer.request = 200, request.url, request
    answer.headers["Content-Type"] = "application/ld+json"
    answer.raw = BytesIO(KNOWN[request.url])
    return answer


def refuse(*_):
    """Connect to nobody."""
    raise OSError("no network here")


HTTPAdapter.send = send
socket.socket.connect = refuse

crate, profile = sys.argv[1:]
settings = ValidationSettings(
    rocrate_uri=crate,
    profile_identifier=profile,
    requirement_severity=Severity.REQUIRED,
    no_cache=True,
)
result = services.validate(settings)
issues = [
    {"check": issue.check.identifier, "what": issue.message, "entity": str(issue.violatingEntity)}
    for issue in result.get_issues()
]
checks = len(result.executed_checks)
print(json.dumps({"passed": result.passed(), "checks": checks, "issues": issues}))
