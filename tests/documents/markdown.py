"""What a document holds for its test: commands, comments about them, and the text in which figures stand.

Comments (README.md beside this file says what they mean):

  <!-- figures of `COMMAND` as `COMMAND THAT IS RUN` (long):
  TEXT = EXPRESSION, which may go on
    in indented lines
  output but for "TEXT", "TEXT"
  -->
  <!-- file NAME -->      the block of code that follows is the file NAME
"""
import pathlib
import re

FENCE = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```[^\n]*$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
CODE_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
FIGURES = re.compile(r"\s*figures(?:\s+of\s+`(.+?)`)?(?:\s+as\s+`(.+?)`)?(\s+\(long\))?:\s*\n(.*)", re.DOTALL)
FILE = re.compile(r"\s*file\s+(\S+)\s*$")
# What makes a line a command: one of these where a shell looks for a program.
PROGRAM = re.compile(
    r"(?:^|(?<=[\s|;&(<]))"
    r"(ringsim_\w+|(?:ringsim|ctest|cmake|sbatch|python3)(?=\s+\S)|tools/[\w./-]+)"
    r"(?=$|[\s)])"
)


def blanked(text, pattern):
    """The text with spaces in place of what matches, so that offsets and lines stay."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def one_line(text):
    return " ".join(text.replace("\\\n", " ").split())


class Command:
    def __init__(self, offset, text):
        self.offset, self.text = offset, text


class File:
    """A file of the reader's whose content the document shows."""

    def __init__(self, offset, name, content):
        self.offset, self.name, self.content = offset, name, content


class Check:
    """A comment that says which figures come from a command."""

    def __init__(self, offset, command, run_as, long, lines):
        self.offset, self.command, self.run_as, self.long, self.lines = offset, command, run_as, long, lines


class Document:
    def __init__(self, path, root):
        self.name, self.root = path.relative_to(root).as_posix(), root
        self.text = path.read_text()
        self.visible = blanked(self.text, COMMENT)
        self.prose = blanked(self.visible, FENCE)
        self.commands = sorted([*self._in_blocks(), *self._in_spans()], key=lambda command: command.offset)
        self.problems, self.checks, self.files = [], [], []
        for comment in COMMENT.finditer(self.text):
            self._read_comment(comment.start(), comment.end(), comment.group(1))

    def line(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def place(self, offset):
        return f"{self.name}:{self.line(offset)}"

    def section(self, offset):
        """Where the section around the offset begins and ends."""
        headings = [0, *(match.start() for match in HEADING.finditer(self.prose)), len(self.text)]
        return max(start for start in headings if start <= offset), min(end for end in headings if end > offset)

    def shown_before(self, command, offset):
        """Where the command stands last before the offset; without it, where the section begins."""
        places = [shown.offset for shown in self.commands if shown.text == command and shown.offset < offset]
        return max([*places, self.section(offset)[0]])

    def mend(self, start, end, change):
        """Changes a part of the file, which may differ from what was read where it was changed before."""
        path = pathlib.Path(self.root, self.name)
        path.write_text(path.read_text().replace(self.text[start:end], change(self.text[start:end]), 1))

    def _is_command(self, text):
        return any(not program.startswith("tools/") or self._is_script(program) for program in PROGRAM.findall(text))

    def _is_script(self, name):
        path = pathlib.Path(self.root, name)
        return path.is_file() and path.read_bytes().startswith(b"#!")

    def _in_blocks(self):
        for block in FENCE.finditer(self.visible):
            offset = block.start(2)
            for line in re.findall(r"(?:[^\n]*\\\n)*[^\n]*\n", block.group(2)):
                text = re.sub(r"\s+#.*$", "", one_line(line))
                # Blocks in a language quote sources.
                if not block.group(1) and self._is_command(text):
                    yield Command(offset, text)
                offset += len(line)

    def _in_spans(self):
        for span in CODE_SPAN.finditer(self.prose):
            text = one_line(span.group(2))
            if self._is_command(text):
                yield Command(span.start(), text)

    def _read_comment(self, start, end, text):
        file, figures = FILE.match(text), FIGURES.match(text)
        if file:
            block = FENCE.search(self.visible, end)
            if block:
                self.files.append(File(start, file.group(1), block.group(2)))
            else:
                self.problems.append(f"{self.place(start)}: no block of code follows for the file {file.group(1)}")
        elif figures:
            command, run_as, long, lines = figures.groups()
            before = [shown.text for shown in self.commands if shown.offset < start]
            command = one_line(command) if command else before[-1] if before else ""
            run_as = one_line(run_as) if run_as else command
            # (an indented line goes on with the one before)
            lines = [line.strip() for line in re.sub(r"\n[ \t]+", " ", lines).splitlines() if line.strip()]
            self.checks.append(Check(start, command, run_as, bool(long), lines))
        else:
            self.problems.append(f"{self.place(start)}: a comment that the test of documents does not know")
