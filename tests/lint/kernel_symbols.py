#!/usr/bin/env python3
"""Refuses functions in object files of vector kernels that the linker could merge with another file's: the whole program would then run
instructions that not every processor has.

Usage: kernel_symbols.py OBJECT...   (prints object: symbol; exits 1 when there is any)
"""
import subprocess
import sys

#: Weak, unique and common symbols: one of several definitions is taken for all.
MERGED = "WVwvuC"


def merged_symbols(path):
    listing = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        kind, name = line.split()[-2:]
        # A template over the architecture is another one for each width: AVX stands in its name.
        if kind in MERGED and "avx" not in name:
            yield name


def main(paths):
    count = 0
    for path in paths:
        for name in merged_symbols(path):
            print(f"{path}: {name}")
            count += 1
    return 1 if count or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
