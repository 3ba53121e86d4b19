#!/usr/bin/env python3
"""Checks what the workspace's crates depend on.

* Code depends only leftwards: model, bus, mapping, decode, ingest, stream, storage, dashboards, ioc, fuzz; the dataflow knows
  neither the transports nor the store, the binary wires them. What builds packs for tests is a dependency of tests only.
* timely is named only in stream, rdkafka only in ingest, rumqttc only in ingest, the binary (the demo's
  publisher) and the fuzz targets (their foreign reader), the interpreter of jq only in mapping.
* Every declared dependency is used.
* Every crate in the lock file has a licence that goes with Apache-2.0.
"""

import json
import pathlib
import re
import subprocess
import sys

ORDER = ["ioc-model", "ioc-testing", "ioc-bus", "ioc-mapping", "ioc-decode", "ioc-ingest", "ioc-stream", "ioc-storage", "ioc-dashboards", "ioc", "ioc-fuzz"]
APART = {("ioc-stream", "ioc-ingest"), ("ioc-storage", "ioc-stream"), ("ioc-dashboards", "ioc-stream")}
ONLY_IN = {"timely": {"ioc-stream"}, "rdkafka": {"ioc-ingest"}, "rumqttc": {"ioc-ingest", "ioc", "ioc-fuzz"}, "clickhouse": {"ioc-storage"}, "jaq-core": {"ioc-mapping"}}
LICENCES = {
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0", "Unlicense", "0BSD", "BSL-1.0",
    "CC0-1.0", "MIT-0", "Apache-2.0 WITH LLVM-exception", "CDLA-Permissive-2.0", "MPL-2.0",
}


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def used(folder, name):
    """Whether some source file of the crate names the dependency."""
    ident = re.compile(rf"\b{re.escape(name.replace('-', '_'))}\b")
    files = [path for path in folder.rglob("*.rs") if "target" not in path.parts]
    return any(ident.search(path.read_text()) for path in files)


def licence_fits(expression):
    if expression is None:
        return False
    alternatives = re.split(r"\s+OR\s+|/", expression.replace("(", "").replace(")", ""))
    return any(all(part.strip() in LICENCES for part in re.split(r"\s+AND\s+", one)) for one in alternatives)


def main():
    faults = []
    data = metadata()
    members = set(data["workspace_members"])
    for package in data["packages"]:
        name = package["name"]
        if package["id"] not in members:
            if not licence_fits(package["license"]):
                faults.append(f"{name} {package['version']}: licence {package['license']} is not on the list")
            continue
        folder = pathlib.Path(package["manifest_path"]).parent
        roots = [folder / part for part in ("src", "tests", "benches", "examples")]
        for dependency in package["dependencies"]:
            other = dependency["name"]
            if other in ORDER and ORDER.index(other) >= ORDER.index(name):
                faults.append(f"{name} depends on {other}: code depends only leftwards in {', '.join(ORDER)}")
            if other == "ioc-testing" and dependency["kind"] != "dev":
                faults.append(f"{name} depends on {other}, which is of tests only")
            if (name, other) in APART:
                faults.append(f"{name} depends on {other}: the binary wires them")
            if name not in ONLY_IN.get(other, {name}):
                faults.append(f"{name} depends on {other}, which belongs to {', '.join(sorted(ONLY_IN[other]))}")
            alias = dependency.get("rename") or other
            if not any(used(root, alias) for root in roots if root.is_dir()):
                faults.append(f"{name} declares {alias} and does not use it")
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(1)
    print(f"dependencies: {len(data['packages'])} crates, all in order")


if __name__ == "__main__":
    main()
