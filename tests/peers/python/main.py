"""What a composite action in Python typically does: ask binutils for the sizes and compare the sum with a limit."""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--elf", type=Path, required=True)
parser.add_argument("--limit", type=int, required=True)
args = parser.parse_args()
listing = subprocess.run(["size", "-A", "-d", str(args.elf)], check=True, capture_output=True, text=True).stdout
sections = {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)\s+[1-9]\d*$", listing, re.M)}
total = sum(sections.values())
verdict = "pass" if total <= args.limit else "fail"
with open(os.environ["GITHUB_OUTPUT"], "a") as output:
    output.write(f"verdict={verdict}\nsections={json.dumps(sections)}\n")
with open(os.environ["GITHUB_STEP_SUMMARY"], "a") as summary:
    summary.writelines(f"| {name} | {size} |\n" for name, size in sections.items())
print(f"{total} bytes: {verdict}")
sys.exit(verdict != "pass")
