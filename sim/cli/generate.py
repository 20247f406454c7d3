"""`lowmult generate`: rewrite what is derived from the interface table."""

from __future__ import annotations

import argparse
import sys

from firmware_models.errors import CheckFailed


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on a difference")


def run(options: argparse.Namespace) -> int:
    """Write the generated files, or compare them."""
    from firmware_models.files import write_json
    from hdl import generate

    if options.check:
        stale = [
            path for path, text in generate.generated_files().items()
            if not (generate.ROOT / path).exists()
            or (generate.ROOT / path).read_text(encoding="utf-8") != text
        ]  # fmt: skip
    else:
        stale = generate.write_all()
    if options.json:
        write_json(options.json, {"changed": stale})
    for path in stale:
        sys.stdout.write(f"{'differs' if options.check else 'written'}: {path}\n")
    if options.check and stale:
        raise CheckFailed("generated files differ; run `lowmult generate`")
    return 0
