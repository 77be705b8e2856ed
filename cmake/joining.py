#!/usr/bin/env python3
"""Which C++ sources can be compiled one after the other in one file: no source declares a name for itself that another
one uses, too. Used by tools/tidy, and by cmake/RingsimJoin.cmake as a command.
Usage: joining.py ROOT MOST SOURCE...   (absolute paths)
Prints a line "GROUP;SOURCE" for every source that shares a group of at most MOST sources.
"""
import pathlib
import re
import sys

# What a source declares at the left margin. A wrong guess costs an error of the compiler at worst.
TYPES = re.compile(
    r"^(?:template <.*>\n)?(?:(?:class|struct|enum class|enum) (\w+)\b(?!::)|using (\w+) =|namespace (\w+) =)",
    re.MULTILINE,
)
VARIABLES = re.compile(
    r"^(?!using|namespace|return|template)[a-z][\w:<>,*& \[\]]* [*&]?(\w+)(?: =|\{|\[|;)", re.MULTILINE
)
# With the type of the first parameter where that is a type of ours.
FUNCTIONS = re.compile(
    r"^(?!using|namespace|TEST_CASE)[\w:].*?[ *&](~?\w+)\((?:const )?(?:([\w:<>]*[A-Z]\w*>?)[ &*])?", re.MULTILINE
)
MACROS = re.compile(r"^#define (\w+)", re.MULTILINE)
UNNAMED = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
USING = re.compile(r"^using namespace .*;", re.MULTILINE)


class Source:
    def __init__(self, path):
        text = pathlib.Path(path).read_text()
        code = re.sub(r"//(?! namespace$).*|\"(?:[^\"\\\n]|\\.)*\"", "", text, flags=re.MULTILINE)
        self.words = set(re.findall(r"\w+", code))
        self.using = frozenset(USING.findall(text))
        self.declared = {word for match in TYPES.findall(code) for word in match if word}
        self.declared |= set(MACROS.findall(code))
        self.types = set(self.declared)
        self.functions = {}
        for part in UNNAMED.findall(code):
            self.declared |= set(VARIABLES.findall(part))
            for name, first in FUNCTIONS.findall(part):
                self.functions.setdefault(name, set()).add(first)


class Group:
    """Sources in one file."""

    def __init__(self, using, alone):
        self.paths, self.declared, self.words, self.functions = [], set(), set(), {}
        self.using, self.alone = using, alone

    def add(self, path, source):
        self.paths.append(path)
        self.declared |= source.declared
        self.words |= source.words
        for name, first in source.functions.items():
            self.functions.setdefault(name, set()).update(first)

    def takes(self, source):
        return (
            not self.alone
            and self.using == source.using
            and not source.declared & self.words
            and not source.words & self.declared
            and not any(mistakable(self, source, name) for name in self.functions.keys() & source.words)
            and not any(mistakable(self, source, name) for name in source.functions.keys() & self.words)
        )


def mistakable(one, other, name):
    """Whether calls of functions with this name may find the wrong one. They do not where the first parameters are of
    different types of ours."""
    first, second = one.functions.get(name, set()), other.functions.get(name, set())
    return "" in first | second or bool(first & second)


def header_types(root):
    """The names of all types that headers declare."""
    headers = pathlib.Path(root).glob("[a-z]*/**/*.hpp")
    return {
        word
        for path in headers
        if "build" not in path.relative_to(root).parts
        for match in TYPES.findall(path.read_text())
        for word in match
        if word
    }


def join(root, paths, most):
    """Groups of paths, in their order."""
    headers = header_types(root)
    groups = []
    for path in paths:
        source = Source(path)
        # A source that uses the name of a header's type for one of its own stays alone, and so does a main function.
        alone = bool(source.types & headers) or "main" in source.words
        group = None if alone else next((g for g in groups if len(g.paths) < most and g.takes(source)), None)
        if group is None:
            group = Group(source.using, alone)
            groups.append(group)
        group.add(path, source)
    return [group.paths for group in groups]


def main():
    root, most, *paths = sys.argv[1:]
    for number, group in enumerate(join(root, paths, int(most))):
        if len(group) > 1:
            print("\n".join(f"{number};{path}" for path in group))


if __name__ == "__main__":
    main()
