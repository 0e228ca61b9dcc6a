#!/usr/bin/env python3
"""The lints themselves: each planted violation is found, each allowed form passes."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def run(lint, files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, HERE / lint, root], capture_output=True, text=True)
        return done.returncode, done.stdout


def coroutine(statement):
    return run("coroutines.py", {"adapters/a.cpp": f"// A file.\nawaitable<int> f() {{\n  {statement}\n}}\n"})


class Coroutines(unittest.TestCase):
    def test_refuses_each_miscompiled_form(self):
        for statement in (
            "auto x = co_await f(Agg{1, 2});",
            "auto x = co_await f({1, 2});",
            "auto x = co_await f(Agg{.a = 1});",
            "auto x = co_await f([v] { return v; });",
            "auto x = co_await f(a, [v = std::move(v)]() mutable { return v; });",
            "auto x = co_await f(c ? string(1) : string());",
            "auto x = c ? co_await a() : b;",
            "auto x = c ? co_await a() : co_await b();",
            "auto x = co_await a() ? b : c;",
            "Position p{co_await a(), 1};",
            "Q q{co_await a(), {1}};",
            "return Q{1, co_await a()};",
            "asio::co_spawn(ex, f(), asio::detached);",
        ):
            with self.subTest(statement):
                code, out = coroutine(statement)
                self.assertEqual(code, 1, out)
                self.assertIn("adapters/a.cpp:3:", out)

    def test_allows_the_sound_forms(self):
        for statement in (
            "auto x = co_await call(names);",
            "auto [a, b] = co_await f();",
            "v.push_back(co_await f(std::move(x), 1, \"{?}\"));",
            "if (auto x = co_await f(); !x) { co_return fail(1); }",
            "while (true) { co_await timer.async_wait(asio::use_awaitable); }",
            "if (c) { co_await a(); } else { co_await b(); }",
            "for (auto& x : xs) { auto y = co_await f(x); }",
            "try { co_await a(); } catch (const std::exception& e) { log(e); }",
            "co_return co_await asio::co_spawn(pool, std::move(task), asio::use_awaitable);",
            "// auto x = co_await f({1});",
        ):
            with self.subTest(statement):
                code, out = coroutine(statement)
                self.assertEqual((code, out), (0, ""))


class Includes(unittest.TestCase):
    def expect(self, files, text):
        code, out = run("includes.py", files)
        self.assertEqual(code, 1, out)
        self.assertIn(text, out)

    def test_refuses_each_violation(self):
        self.expect({"risk/a.cpp": '// A.\n#include "adapters/adapter.hpp"\n'}, "risk/a.cpp:2: risk may not include adapters")
        self.expect({"risk/model/a.cpp": '// A.\n#include "risk/evaluate.hpp"\n'}, "risk/model may not include risk")
        self.expect({"adapters/a.cpp": '// A.\n#include "daemon/app.hpp"\n'}, "adapters may not include daemon")
        self.expect({"storage/a.cpp": '// A.\n#include "config/settings.hpp"\n'}, "storage may not include config")
        self.expect({"adapters/protocols/x/a.cpp": '// A.\n#include "adapters/protocols/y/b.hpp"\n'}, "x may not include y")
        self.expect({"daemon/a.hpp": "// A.\n#pragma once\n#include <nlohmann/json.hpp>\n"}, "in a header")
        self.expect({"daemon/a.hpp": "// A.\n"}, "no #pragma once")
        self.expect({"daemon/a.cpp": "int a;\n"}, "first line")
        self.expect({"daemon/a.cpp": '// A.\n#include "util.hpp"\n'}, "not a path from the project root")
        self.expect({"adapters/protocols/foo_v1/a.cpp": "// A.\n", "risk/a.cpp": '// A.\nauto x = "foo_v1";\n'}, "names the protocol foo_v1")

    def test_allows_what_the_layers_allow(self):
        code, out = run("includes.py", {
            "daemon/a.cpp": '// A.\n#include "daemon/a.hpp"\n#include "risk/evaluate.hpp"\n#include <nlohmann/json.hpp>\n',
            "daemon/a.hpp": '// A.\n#pragma once\n#include <nlohmann/json_fwd.hpp>\n',
            "adapters/protocols/x/a.cpp": '// A.\n#include "adapters/protocols/x/a.hpp"\n#include "config/settings.hpp"\n',
        })
        self.assertEqual((code, out), (0, ""))


class TypeNames(unittest.TestCase):
    def test_refuses_two_types_of_one_name_in_one_namespace(self):
        for one, other in (
            ("struct Subject { int a; };", "struct Subject { long a; };"),
            ("enum class Verdict : int { a };", "class Verdict final : public Base {};"),
        ):
            with self.subTest(one):
                code, out = run("type_names.py", {
                    "daemon/a.hpp": f"// A.\nnamespace m::daemon {{\n{one}\n}}\n",
                    "daemon/b.cpp": f"// B. namespace {{\nnamespace m::daemon {{\n{other}\n}}\n",
                })
                self.assertEqual(code, 1, out)
                self.assertIn("daemon/b.cpp:3: m::daemon::", out)

    def test_allows_types_that_no_other_file_sees_or_that_live_elsewhere(self):
        code, out = run("type_names.py", {
            "daemon/a.cpp": "// A.\nnamespace m::daemon {\nnamespace {\nstruct Subject {};\n}\nstruct Subject;\n}\n",
            "daemon/b.cpp": "// B.\nnamespace m::daemon {\nstruct Outer { struct Subject {}; };\nvoid f() { struct Subject {}; }\n}\n",
            "risk/c.cpp": "// C.\nnamespace m::risk {\nstruct Subject {};\n}\n",
            "daemon/c.hpp": "// C.\nnamespace m::daemon {\nstruct Subject {};\n}\n",
        })
        self.assertEqual((code, out), (0, ""))


class KernelSymbols(unittest.TestCase):
    def check(self, source):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root, "a.cpp")
            path.write_text(source, encoding="utf-8")
            subprocess.run(["c++", "-c", path, "-o", path.with_suffix(".o")], check=True)
            done = subprocess.run([sys.executable, HERE / "kernel_symbols.py", path.with_suffix(".o")], capture_output=True, text=True)
            return done.returncode, done.stdout

    def test_refuses_what_the_linker_could_merge(self):
        code, out = self.check("inline int shared(int x) { return x + 1; }\nint f(int x) { return shared(x); }\n")
        self.assertEqual(code, 1)
        self.assertIn("shared", out)

    def test_allows_internal_functions_and_those_of_one_architecture(self):
        code, out = self.check("struct avx2;\ntemplate <class A> int own(int x) { return x; }\nnamespace { int g(int x) { return x; } }\n"
                               "int f(int x) { return own<avx2>(g(x)); }\n")
        self.assertEqual((code, out), (0, ""))


if __name__ == "__main__":
    unittest.main()
