"""The story as the AWS CLI tells it: its own command, driven once for all calls.
python story_cli.py STORY prints the answers."""
import contextlib
import io
import json
import re

from awscli.clidriver import create_clidriver
from botocore import xform_name

from story import tell

driver = create_clidriver()


def call(op, given, pages):
    out, err = io.StringIO(), io.StringIO()
    args = ["xray", xform_name(op, "-"), "--output", "json", "--cli-input-json", json.dumps(given)]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = driver.main(args if pages else args + ["--no-paginate"])
    if status == 0:
        answer = json.loads(out.getvalue() or "{}")
        return {"pages": [answer]} if pages else {"out": answer}
    said = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation(?: \(reached max retries: \d\))?: (.*)", err.getvalue(), re.S)
    assert said, f"aws {args[1]} ended with {status}: {err.getvalue()}"
    return {"error": said[1], "message": said[2].strip()}


tell(call)
