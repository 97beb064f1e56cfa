"""Validate the statements of a file of DSSE envelopes with in-toto-attestation; print how many."""

import base64
import json
import sys
from pathlib import Path

from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Parsed

count = 0
for line in Path(sys.argv[1]).read_text().splitlines():
    said = json.loads(base64.b64decode(json.loads(line)["payload"]))
    Statement.copy_from_pb(ParseDict(said, Parsed())).validate()
    count += 1
print(json.dumps(count))
