"""A Flask service that knows nothing of tracing. Arguments: its port file, and
the URL it asks before it answers; without one it fails for /pay/0."""
import os
import sys
from wsgiref.simple_server import make_server

import flask
import requests

app = flask.Flask(__name__)
following = sys.argv[2] if len(sys.argv) > 2 else None


@app.get("/pay/<int:amount>")
def pay(amount):
    if following:
        got = requests.get(f"{following}/pay/{amount}")
        return got.text, got.status_code
    return (f"paid {amount}", 200) if amount else ("nothing to pay", 422)


server = make_server("127.0.0.1", 0, app)
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
