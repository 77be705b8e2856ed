#!/usr/bin/env python3
"""Which C++ sources can be compiled one after the other in one file, and that file. What a source declares for itself,
in an unnamed namespace or as a type, has the source's number at the end of its name there. Sources with equal names
that cannot be told apart like that stay in different files. Used by tools/tidy, and as a command by
cmake/RingsimJoin.cmake.
Usage: joining.py ROOT MOST FOLDER SOURCE...   (absolute paths)
Writes FOLDER/joined-N.cpp for each group of 2 to MOST sources, and prints a line "FILE;SOURCE" for every source in one.
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
INCLUDES = re.compile(r'^ *#include "(.*)"', re.MULTILINE)
# Where a word is no name: directives, comments, texts and characters.
NO_CODE = re.compile(
    r"^ *#include.*|//.*(?<!// namespace)$"
    r'|R"(\w*)\((?:.|\n)*?\)\1"|"(?:[^"\\\n]|\\.)*"'
    r"|(?<!\w)'(?:[^'\\\n]|\\[^\n]+?)'",
    re.MULTILINE,
)


class Headers:
    """What the headers below ROOT say."""

    def __init__(self, root):
        self.code, self.included = {}, {}
        for path in root.glob("[a-z]*/**/*.hpp"):
            if "build" in path.relative_to(root).parts:
                continue
            text, name = path.read_text(), path.relative_to(root).as_posix()
            self.code[name] = NO_CODE.sub("", text)
            self.included[name] = INCLUDES.findall(text)
        self.words = {name: set(re.findall(r"\w+", code)) for name, code in self.code.items()}
        self.types = {word for code in self.code.values() for match in TYPES.findall(code) for word in match if word}

    def words_seen_by(self, text):
        """All words of the headers that a source includes, and of those that they include."""
        seen, left = set(), INCLUDES.findall(text)
        while left:
            name = left.pop()
            if name in self.words and name not in seen:
                seen.add(name)
                left += self.included[name]
        return set().union(*(self.words[name] for name in seen))


class Source:
    def __init__(self, path, headers, renames_main):
        self.text = pathlib.Path(path).read_text()
        code = NO_CODE.sub("", self.text)
        self.words = set(re.findall(r"\w+", code))
        self.using = frozenset(USING.findall(self.text))
        types = {word for match in TYPES.findall(code) for word in match if word}
        names = set(types)
        functions = {}
        for part in UNNAMED.findall(code):
            names |= set(VARIABLES.findall(part))
            for name, first in FUNCTIONS.findall(part):
                functions.setdefault(name, set()).add(first)
        # A member's name is not the declared one, and a header may declare a function with the same name.
        other = set(re.findall(r"(?:\.|->|::)(\w+)", code)) | headers.words_seen_by(self.text)
        self.renamed = {name for name in names | functions.keys() if name not in other}
        self.declared = (names - self.renamed) | set(MACROS.findall(code))
        self.functions = {name: first for name, first in functions.items() if name not in self.renamed}
        # A source that keeps the name of a header's type for one of its own stays alone, and so does a main function.
        self.alone = bool((types - self.renamed) & headers.types) or ("main" in self.words and not renames_main)
        if renames_main:
            self.renamed.add("main")

    def text_in(self, number):
        """Its text in a joined file, as the source with this number."""
        if not self.renamed:
            return self.text
        names = re.compile(r"\b(?:" + "|".join(sorted(self.renamed)) + r")\b")
        text, end = "", 0
        for skipped in NO_CODE.finditer(self.text):
            text += names.sub(rf"\g<0>_{number}", self.text[end : skipped.start()]) + skipped[0]
            end = skipped.end()
        return text + names.sub(rf"\g<0>_{number}", self.text[end:])


class Group:
    """Sources in one file."""

    def __init__(self, using, alone):
        self.paths, self.sources, self.declared, self.words, self.functions = [], [], set(), set(), {}
        self.using, self.alone = using, alone

    def add(self, path, source):
        self.paths.append(path)
        self.sources.append(source)
        self.declared |= source.declared
        self.words |= source.words - source.renamed
        for name, first in source.functions.items():
            self.functions.setdefault(name, set()).update(first)

    def takes(self, source):
        words = source.words - source.renamed
        return (
            not self.alone
            and not source.alone
            and self.using == source.using
            and not source.declared & self.words
            and not words & self.declared
            and not any(mistakable(self, source, name) for name in self.functions.keys() & words)
            and not any(mistakable(self, source, name) for name in source.functions.keys() & self.words)
        )

    def texts(self):
        """By source, in the order in which they are joined."""
        if len(self.sources) == 1:
            return {self.paths[0]: self.sources[0].text}
        return {path: source.text_in(i) for i, (path, source) in enumerate(zip(self.paths, self.sources), 1)}


def mistakable(one, other, name):
    """Whether calls of functions with this name may find the wrong one. They do not where the first parameters are of
    different types of ours."""
    first, second = one.functions.get(name, set()), other.functions.get(name, set())
    return "" in first | second or bool(first & second)


def join(root, paths, most, renames_main=False):
    """Groups of paths, in their order. With `renames_main` programs can be among them, which cannot be linked then."""
    headers = Headers(pathlib.Path(root))
    groups = []
    for path in paths:
        source = Source(path, headers, renames_main)
        group = next((g for g in groups if len(g.paths) < most and g.takes(source)), None)
        if group is None:
            group = Group(source.using, source.alone)
            groups.append(group)
        group.add(path, source)
    return groups


def main():
    root, most, folder, *paths = sys.argv[1:]
    for number, group in enumerate(join(root, paths, int(most))):
        if len(group.paths) == 1:
            continue
        file = pathlib.Path(folder) / f"joined-{number}.cpp"
        text = "".join(f'#line 1 "{path}"\n{source}\n' for path, source in group.texts().items())
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        print("\n".join(f"{file};{path}" for path in group.paths))


if __name__ == "__main__":
    main()
