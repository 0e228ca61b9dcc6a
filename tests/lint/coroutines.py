#!/usr/bin/env python3
"""Refuses the co_await forms that g++ 12.2 compiles into a double free.

Allowed: `auto x = co_await call(names);`. The awaited call holds names, literals, calls and std::move; co_await
stands in no braced initialiser and in no `?:`. Spawning with asio::detached is refused too: it loses exceptions.

Usage: coroutines.py ROOT   (prints file:line: what; exits 1 when there is any)
"""
import pathlib
import re
import sys

FOLDERS = ("risk", "config", "storage", "adapters", "daemon", "tests")
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|\S")
BLANKED = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)
# A name before `{` opens an initialiser, unless it is one of these; `)` opens a block.
BLOCK_WORDS = {"else", "do", "try", "const", "noexcept", "override", "final", "mutable"}
OPEN, CLOSE = "([{", ")]}"


def blank(match):
    text = match.group(0)
    keep = "" if text.startswith("/") else "0"
    return keep + "".join("\n" if c == "\n" else " " for c in text[len(keep):])


def tokens_of(text):
    text = BLANKED.sub(blank, text)
    line = 1
    found = []
    last = 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        found.append((match.group(0), line))
    return found


def opens_block(tokens, index):
    if index == 0:
        return True
    before = tokens[index - 1][0]
    return before in (")", ";", "{", "}", ":", "->", ">", "]") or before in BLOCK_WORDS


def check_before(tokens, at):
    """What the co_await stands in, back to the start of its statement."""
    depth = 0
    for i in range(at - 1, -1, -1):
        token = tokens[i][0]
        if token in CLOSE:
            if depth == 0 and token == "}":
                return None
            depth += 1
        elif token in OPEN:
            if depth > 0:
                depth -= 1
            elif token == "{":
                return None if opens_block(tokens, i) else "co_await inside a braced initialiser"
        elif depth == 0 and token == ";":
            return None
        elif depth == 0 and token == "?":
            return "co_await inside a conditional expression"
    return None


def check_after(tokens, at):
    """What the awaited expression holds, on to the end of its statement."""
    depth = 0
    awaited = True
    for i in range(at + 1, len(tokens)):
        token = tokens[i][0]
        if token in OPEN:
            if token == "{" and (depth > 0 or tokens[i - 1][0] != ")"):
                return "a braced list in the awaited expression" if awaited else None
            if token == "{":
                return None
            if token == "[" and tokens[i - 1][0] in ("(", ","):
                return "a lambda in the awaited expression"
            depth += 1
        elif token in CLOSE:
            depth -= 1
            if depth < 0:
                awaited = False
                depth = 0
        elif token == "?":
            return "a conditional expression around or inside the awaited call"
        elif token == ";" and depth == 0:
            return None
    return None


def check_text(text):
    tokens = tokens_of(text)
    for i, (token, line) in enumerate(tokens):
        if token == "co_await":
            for problem in (check_before(tokens, i), check_after(tokens, i)):
                if problem:
                    yield line, problem
        elif token == "detached" and i and tokens[i - 1][0] == "::":
            yield line, "asio::detached loses exceptions: use adapters/rpc/spawn.hpp"


def main(root):
    count = 0
    for folder in FOLDERS:
        for path in sorted(pathlib.Path(root, folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp") and "node_modules" not in path.parts:
                for line, problem in check_text(path.read_text(encoding="utf-8")):
                    print(f"{path.relative_to(root)}:{line}: {problem}")
                    count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
