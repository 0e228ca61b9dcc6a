#!/usr/bin/env python3
"""Refuses includes that the layers forbid, heavy headers in headers, and protocols named in risk/.

Usage: includes.py ROOT   (prints file:line: what; exits 1 when there is any)
"""
import pathlib
import re
import sys

# Longest prefix first: a folder's own layer, and what it may include.
LAYERS = {
    "risk/model": {"risk/model"},
    "risk": {"risk/model", "risk"},
    "config": {"risk/model", "config"},
    "storage": {"risk/model", "storage"},
    "adapters": {"risk/model", "config", "adapters"},
    "daemon": {"risk/model", "risk", "config", "storage", "adapters", "daemon"},
    "tests": {"risk/model", "risk", "config", "storage", "adapters", "daemon", "tests"},
}
FORBIDDEN_IN_HEADERS = re.compile(
    r"<(nlohmann/json\.hpp|httplib\.h|boost/asio\.hpp|boost/beast[./].*|Eigen/.*|spdlog/.*|toml\+\+/.*|sqlite3\.h|"
    r"boost/multiprecision/.*|CLI/.*)>")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|(<[^>]+>))', re.M)
# One of these may not include another: each folder below is a world of its own.
SIBLINGS = ("adapters/protocols", "adapters/oracles")


def layer_of(path):
    for layer in sorted(LAYERS, key=len, reverse=True):
        if path == layer or path.startswith(layer + "/"):
            return layer
    return None


def sibling_of(path):
    for parent in SIBLINGS:
        if path.startswith(parent + "/") and path.count("/") > parent.count("/") + 1:
            return parent, path[len(parent) + 1:].split("/")[0]
    return None


def check_file(path, text, protocols):
    own = layer_of(path)
    header = path.endswith(".hpp")
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1) if match.group(1) else match.start(2)) + 1
        if match.group(1):
            target = match.group(1)
            layer = layer_of(target)
            if layer is None:
                yield line, f'"{target}" is not a path from the project root'
            elif layer not in LAYERS[own]:
                yield line, f'{own} may not include {layer} ("{target}")'
            mine, other = sibling_of(path), sibling_of(target)
            if mine and other and mine[0] == other[0] and mine[1] != other[1]:
                yield line, f'{mine[1]} may not include {other[1]} ("{target}")'
            if not mine and other and own == "adapters":
                yield line, f'"{target}" belongs to one protocol or oracle: the build alone collects them'
        elif header and own != "tests" and FORBIDDEN_IN_HEADERS.fullmatch(match.group(2)):
            yield line, f"{match.group(2)} in a header: keep it in a .cpp"
    if header and "#pragma once" not in text:
        yield 1, "no #pragma once"
    if not text.startswith("// "):
        yield 1, "the first line does not say what the file is"
    if own in ("risk", "risk/model"):
        for number, content in enumerate(text.split("\n"), 1):
            for protocol in protocols:
                if protocol in content:
                    yield number, f"risk/ names the protocol {protocol}"


def main(root):
    root = pathlib.Path(root)
    protocols = [p.name for p in (root / "adapters/protocols").iterdir() if p.is_dir()] if (root / "adapters/protocols").is_dir() else []
    count = 0
    for folder in ("risk", "config", "storage", "adapters", "daemon", "tests"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp") and "node_modules" not in path.parts:
                name = path.relative_to(root).as_posix()
                for line, problem in check_file(name, path.read_text(encoding="utf-8"), protocols):
                    print(f"{name}:{line}: {problem}")
                    count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
