"""Runs the public array API test suite against `jitflow.numpy` inside `jit`.

    python tests/conformance/run.py [CHECKOUT]            what is expected to pass
    python tests/conformance/run.py [CHECKOUT] --shrink   everything; then shortens the list

CHECKOUT is one of github.com/data-apis/array-api-tests with its submodule; without it, the script
clones the commit below into build/. Needs the extra `conformance`. `known_failures.txt` lists the
tests that fail, and only ever becomes shorter: `--shrink` drops what passes now and writes the
counts into docs/conformance.md. A failure that is not listed is an error.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIST = HERE / "known_failures.txt"
PAGE = ROOT / "docs" / "conformance.md"
START, END = "<!-- counts: tests/conformance/run.py -->\n", "<!-- end of counts -->\n"
SOURCE = "https://github.com/data-apis/array-api-tests"
COMMIT = "55fcc60179efa2680ddd6cd926ddf17b83530e2b"
CASES = "array_api_tests/test_special_cases.py::test_unary"
BY_SAMPLE = {
    f"{CASES}[expm1((real(x_i) is +0 or real(x_i) == -0) and imag(x_i) is +0) -> 0 + 0j]",
    f"{CASES}[tanh(real(x_i) is +infinity and isfinite(imag(x_i)) and imag(x_i) > 0) -> 1 + 0j]",
}
"""Fail where the sample has a zero whose sign C and NumPy choose otherwise; never dropped."""

ARRAY_SIZE = 64
"""Elements of the arrays that the suite makes, at most: each shape is compiled."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkout", nargs="?", type=Path, default=ROOT / "build/array-api-tests")
    parser.add_argument("--shrink", action="store_true", help="run all, drop what passes now")
    parser.add_argument("--max-examples", type=int, default=20, help="per test (default: 20)")
    options, pytest_options = parser.parse_known_args()
    if not (options.checkout / "array_api_tests").is_dir():
        clone(options.checkout)
    skipped = [] if options.shrink else [f"--skips-file={LIST}"]
    outcomes = run(options.checkout, options.max_examples, [*skipped, *pytest_options])
    known = set(LIST.read_text().splitlines())
    failed = {test for test, outcome in outcomes.items() if outcome == "failed"}
    if options.shrink:
        shrink(known, outcomes)
        outcomes.update(dict.fromkeys(known & BY_SAMPLE & outcomes.keys(), "failed"))
        PAGE.write_text(page(PAGE.read_text(), outcomes))
    for test in sorted(failed - known):
        print(f"fails, and is not listed: {test}")
    sys.exit(1 if failed - known or not outcomes else 0)


def clone(folder):
    """The suite at COMMIT, with its submodule; needs a network."""
    folder.parent.mkdir(exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", SOURCE, folder], check=True)
    subprocess.run(["git", "checkout", "--quiet", COMMIT], cwd=folder, check=True)
    subprocess.run(["git", "submodule", "update", "--init", "--quiet"], cwd=folder, check=True)


def run(checkout, examples, pytest_options):
    """Outcome by test: `passed`, `failed` or `skipped`."""
    paths = [str(HERE), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "ARRAY_API_TESTS_MODULE": "array_api",
        "ARRAY_API_TESTS_MAX_ARRAY_SIZE": str(ARRAY_SIZE),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            sys.executable, "-m", "pytest", "array_api_tests", "-c", "pytest.ini", "-q", "--tb=no",
            "-p", "no:cacheprovider", "-p", "no_shrinking",
            "--derandomize", "--disable-deadline", f"--max-examples={examples}",
            "--disable-data-dependent-shapes", "--json-report", f"--json-report-file={report}",
            "--json-report-omit", "collectors", "warnings", "log", "streams", "keywords",
            *pytest_options,
        ]  # fmt: skip
        subprocess.run(command, cwd=checkout, env=environment)
        tests = json.loads(report.read_text())["tests"]
    return {test["nodeid"]: short(test["outcome"]) for test in tests}


def short(outcome):
    return outcome if outcome in ("passed", "skipped") else "failed"


def shrink(known, outcomes):
    """Drops from the list what passes now, and what is no test any more."""
    failing = {test for test in known if outcomes.get(test) in ("failed", "skipped")}
    still = sorted(failing | known & BY_SAMPLE)
    LIST.write_text("".join(f"{test}\n" for test in still))
    print(f"{LIST.name}: {len(known)} -> {len(still)} tests")


def page(text, outcomes):
    """The page with these counts."""
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{table(outcomes)}\n{END}{after}"


def table(outcomes):
    """Counts by file of the suite; a test function counts as passed if all its cases are."""
    cases = defaultdict(Counter)
    functions = defaultdict(dict)
    for test, outcome in outcomes.items():
        file, _, name = test.removeprefix("array_api_tests/test_").partition(".py::")
        function = name.split("[")[0]
        cases[file][outcome] += 1
        functions[file].setdefault(function, set()).add(outcome)
    lines = ["| file | cases | passed | failed | skipped | functions | passed |"]
    lines.append("|---|---|---|---|---|---|---|")
    lines += [line(file, cases[file], functions[file]) for file in sorted(cases)]
    total = {(file, name): found for file in functions for name, found in functions[file].items()}
    lines.append(line("**all**", sum(cases.values(), Counter()), total))
    return "\n".join(lines) + "\n"


def line(file, cases, functions):
    run = [found for found in functions.values() if found != {"skipped"}]
    passed = sum("failed" not in found for found in run)
    counts = sum(cases.values()), cases["passed"], cases["failed"], cases["skipped"]
    share = f"{passed} ({passed / len(run):.0%})" if run else "0"
    return f"| {file} | {' | '.join(map(str, counts))} | {len(run)} | {share} |"


if __name__ == "__main__":
    main()
