"""What the Python tellers of story.json share."""
import json
import sys
import time


def fill(v, kept):
    if isinstance(v, str):
        return kept.get(v, v)
    if isinstance(v, dict):
        return {k: fill(x, kept) for k, x in v.items()}
    return [fill(x, kept) for x in v] if isinstance(v, list) else v


def look(v, path):
    for key in path.split("."):
        v = v[int(key) if isinstance(v, list) else key]
    return v


def tell(call):
    """Makes each step's call with what earlier answers gave, and prints all answers."""
    with open(sys.argv[1]) as f:
        steps = json.load(f)
    kept, told = {}, []
    for step in steps:
        path, _, want = step.get("until", "").partition("=")
        deadline = time.time() + 10
        while True:
            got = call(step["op"], fill(step["in"], kept), step.get("pages"))
            if not path or look(got["out"], path) == want or time.time() > deadline:
                break
            time.sleep(0.05)
        for name, where in step.get("keep", {}).items():
            if "out" in got:
                kept["$" + name] = look(got["out"], where)
        told.append(got)
    json.dump(told, sys.stdout)
