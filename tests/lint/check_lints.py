#!/usr/bin/env python3
"""The lints find what they are for: each sample tree with one mistake must be refused."""

import os
import sys
import tempfile

import check_files
import check_layers
import check_natives

LAYERS = "low:\nhigh: low\nside: low\nbif: low\n"
GOOD = {
    "tests/lint/layers.txt": LAYERS,
    "bif/README.md": "bif\n",
    "low/README.md": "low\n",
    "high/README.md": "high\n",
    "low/a.h": "#pragma once\n",
    "bif/registry.cpp": "  X(a_natives) \\\n  X(b_natives)\n",
    "bif/a.cpp": "std::span<const NativeEntry> a_natives() { return kNatives; }\n",
    "high/b.cpp": '#include "low/a.h"\n#include <vector>\n',
}
MISTAKES = [
    ("upward include", check_layers, {"low/c.h": '#include "high/b.h"\n'}),
    ("sideways include", check_layers, {"side/c.cpp": '#include "high/b.h"\n'}),
    ("upward line in the table", check_layers,
     {"tests/lint/layers.txt": "low: high\nhigh:\n"}),
    ("spdlog outside the log", check_layers, {"high/c.cpp": "#include <spdlog/spdlog.h>\n"}),
    ("heavy header", check_layers, {"vm/x/c.h": "#include <iostream>\n"}),
    ("heavy header in a header", check_layers, {"vm/x/c.h": "#include <functional>\n"}),
    ("unlisted folder", check_layers, {"vm/x/c.cpp": "\n"}),
    ("long file", check_files, {"low/c.cpp": "int a;\n" * 601}),
    ("long line", check_files, {"low/c.cpp": "// " + "x" * 98 + "\n"}),
    ("tab", check_files, {"low/c.cpp": "\tint a;\n"}),
    ("trailing blank", check_files, {"low/c.cpp": "int a; \n"}),
    ("no final newline", check_files, {"low/c.cpp": "int a;"}),
    ("unfinished", check_files, {"low/c.cpp": "// TO" "DO: more\n"}),
    ("platform condition", check_files, {"low/c.cpp": "#ifdef __linux__\n#endif\n"}),
    ("no README", check_files, {"side/c.cpp": "int a;\n"}),
    ("table not listed", check_natives,
     {"bif/c.cpp": "std::span<const NativeEntry> c_natives() { return kNatives; }\n"}),
    ("table listed twice", check_natives, {"bif/registry.cpp": "X(a_natives) X(a_natives)\n"}),
]
ALLOWED = [
    ("good tree", check_layers, {}),
    ("good tree", check_files, {}),
    ("good tree", check_natives, {}),
    ("long file with a reason", check_files,
     {"low/c.cpp": "// long-file: one table\n" + "int a;\n" * 601}),
]


def findings_of(lint, changes):
    tree = {**GOOD, **changes}
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return lint.check(root, sorted(tree))


def main():
    failed = [f"not found: {name}" for name, lint, changes in MISTAKES
              if not findings_of(lint, changes)]
    failed += [f"wrongly refused: {name}: {found}" for name, lint, changes in ALLOWED
               if (found := findings_of(lint, changes))]
    print("\n".join(failed) or f"{len(MISTAKES) + len(ALLOWED)} samples judged as they should be")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
