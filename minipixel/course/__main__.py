"""python -m minipixel.course [CHAPTERS]: print every chapter's source to its student notebook (default folder: chapters)."""

import sys
from pathlib import Path

from minipixel.course import press


def main(arguments):
    try:
        for path, changed in press.print_chapters(Path(arguments[0] if arguments else "chapters")):
            print(f"{path}: {'printed' if changed else 'unchanged'}")
    except (ValueError, OSError) as error:
        print(f"minipixel.course: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
