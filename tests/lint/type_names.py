#!/usr/bin/env python3
"""Refuses two types of one name in one namespace: each file compiles, the linker merges their functions, and one writes over the other's memory.

Usage: type_names.py ROOT   (prints file:line: what; exits 1 when there is any)
"""
import pathlib
import re
import sys

# Comments and literals are blanked; what is left is read brace by brace.
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)
NAMESPACE = re.compile(r"\bnamespace\s*([\w:]*)\s*$")
TYPE = re.compile(r"\b(?:struct|class|union|enum(?:\s+class|\s+struct)?)\s+(?:\[\[\w+\]\]\s*)?(\w+)(?:\s+final)?(?:\s*:(?!:)[^;{}]*)?\s*$")


def types_of(text):
    """Yields (line, namespace, name) of each type that other files could know."""
    text = NOISE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    scopes = []
    begin = 0
    for match in re.finditer(r"[;{}]", text):
        head = text[begin:match.start()]
        begin = match.end()
        if match.group() == "}":
            if scopes:
                scopes.pop()
        elif match.group() == "{":
            space = NAMESPACE.search(head)
            name = TYPE.search(head)
            if name and "template" not in head and all(scopes):
                yield text.count("\n", 0, match.start()) + 1, "::".join(scopes), name.group(1)
            # "" stands for what no other file sees: an anonymous namespace, a type, a function.
            scopes.append(space.group(1) if space else "")


def main(root):
    root = pathlib.Path(root)
    first = {}
    count = 0
    for folder in ("risk", "config", "storage", "adapters", "daemon"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".hpp", ".cpp"):
                continue
            name = path.relative_to(root).as_posix()
            for line, space, type_name in types_of(path.read_text(encoding="utf-8")):
                other = first.setdefault((space, type_name), f"{name}:{line}")
                if other != f"{name}:{line}":
                    print(f"{name}:{line}: {space}::{type_name} is another type at {other}; rename one, or put it into an anonymous namespace")
                    count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
