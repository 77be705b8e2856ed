"""Tokens of a C++ source that clang-format has formatted, and what a token rule needs to know of them.

clang-format puts spaces on both sides of a binary operator and on no side of the brackets of template arguments, of
pointers' stars and of references, so no parser of C++ is needed to tell them apart.
"""
import dataclasses
import re

PATTERN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<text>(?:u8|u|U|L)?R"(?P<delimiter>[^\s()\\]*)\(.*?\)(?P=delimiter)"|(?:u8|u|U|L)?"(?:[^"\\\n]|\\.)*")
      | (?P<preprocessor>(?<=\n)[ \t]*\#(?:[^\n\\]|\\.)*)
      | (?P<number>\.?\d(?:[\w.]|'\d|[eE][-+](?=\d)|[pP][-+](?=\d))*)
      | (?P<character>'(?:[^'\\]|\\.)+')
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign><=>|<<=|>>=|->\*|\.\.\.|::|->|\+\+|--|<<|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=
               |[-+*/%&|^!~<>=?:;,.(){}\[\]\#])
    """,
    re.VERBOSE | re.DOTALL,
)
PAIRS = {"(": ")", "[": "]", "{": "}"}
# How tightly operators bind.
BINDING = {
    **dict.fromkeys(["*", "/", "%"], 10),
    **dict.fromkeys(["+", "-"], 9),
    **dict.fromkeys(["<<", ">>"], 8),
    "<=>": 7.5,
    **dict.fromkeys(["<", "<=", ">", ">="], 7),
    **dict.fromkeys(["==", "!="], 6),
    "&": 5,
    "^": 4,
    "|": 3,
    "&&": 2,
    "||": 1,
}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
# Where an operand's tokens end, whatever it binds.
BORDERS = {";", ",", "?", ":", "return", "co_return", "case", "else", "do", "throw", "requires"} | ASSIGNMENTS
KEYWORDS = BORDERS | set(
    "if for while switch const auto static using typename template struct class enum union delete new goto break "
    "continue default try catch constexpr constinit typedef namespace public private protected friend operator "
    "explicit virtual inline mutable extern static_assert thread_local".split()
)


@dataclasses.dataclass(slots=True)
class Token:
    kind: str
    text: str
    start: int
    end: int
    spaced: bool = False  # white space on both sides
    partner: int | None = None  # of a bracket
    is_angle: bool = False  # a bracket of template arguments
    in_angles: bool = False
    is_code: bool = False  # in the body of a function that is not constexpr


def is_operand_end(token):
    return token.kind in ("number", "text", "character") or (
        token.kind == "word" and token.text not in KEYWORDS or token.text in (")", "]", "}")
    )


class Source:
    """The tokens of a text; comments and the preprocessor's lines are none."""

    def __init__(self, text):
        self.text = text
        self.tokens = []
        for match in PATTERN.finditer(text):
            kind = match.lastgroup if match.lastgroup != "delimiter" else "text"
            if kind in ("comment", "preprocessor"):
                continue
            self.tokens.append(Token(kind, match[0], match.start(), match.end()))
        for token in self.tokens:
            before, after = text[token.start - 1 : token.start], text[token.end : token.end + 1]
            token.spaced = (not before or before.isspace()) and (not after or after.isspace())
        self._pair_angles()
        self._pair_brackets()
        self._find_code()

    def _pair_angles(self):
        opened = []
        for i, token in enumerate(self.tokens):
            if token.text == "<" and not token.spaced and i and self.tokens[i - 1].kind == "word":
                opened.append(i)
                token.is_angle = True
            elif token.text == ">" and not token.spaced and opened:
                token.is_angle = True
                token.partner = opened.pop()
                self.tokens[token.partner].partner = i
                for inner in self.tokens[token.partner : i]:
                    inner.in_angles = True
            elif token.text in ";{}":
                opened.clear()

    def _pair_brackets(self):
        opened = []
        for i, token in enumerate(self.tokens):
            if token.text in PAIRS:
                opened.append(i)
            elif token.text in PAIRS.values() and opened:
                token.partner = opened.pop()
                self.tokens[token.partner].partner = i

    def _find_code(self):
        kinds = []  # of the open braces
        for i, token in enumerate(self.tokens):
            if token.text == "{":
                kinds.append(kinds[-1] if kinds and kinds[-1] in ("function", "constant") else self._brace(i))
            elif token.text == "}" and kinds:
                kinds.pop()
            token.is_code = bool(kinds) and kinds[-1] == "function"

    def _brace(self, at):
        """What a brace that is in no function opens."""
        first = at
        while first and self.tokens[first - 1].text not in (";", "{", "}"):
            first -= 1
        head = [token.text for token in self.tokens[first:at]]
        if "constexpr" in head or "consteval" in head or "constinit" in head or "concept" in head:
            return "constant"
        if ")" in head and (head[-1] in (")", "const", "override", "final", "noexcept") or "->" in head or ":" in head):
            return "function"
        return "other"

    def left_of(self, at, binding):
        """The first token of the operand to the left of an operator."""
        i = at - 1
        while i >= 0:
            token = self.tokens[i]
            if token.text in BORDERS or token.text in PAIRS:
                break
            if token.spaced and BINDING.get(token.text, 99) < binding and is_operand_end(self.tokens[i - 1]):
                break
            if token.text == "}" and self.tokens[i + 1].kind in ("word", "number"):
                break
            if token.partner is not None and token.text != "<":
                i = token.partner
            i -= 1
        return i + 1

    def right_of(self, at, binding):
        """The last token of the operand to the right of an operator."""
        i = at + 1
        while i < len(self.tokens):
            token = self.tokens[i]
            if token.text in BORDERS or token.text in PAIRS.values():
                break
            if token.spaced and BINDING.get(token.text, 99) <= binding and is_operand_end(self.tokens[i - 1]):
                break
            if token.partner is not None:
                i = token.partner
            i += 1
        return i - 1

    def primary_from(self, at):
        """The last token of the name, member, element or call that begins here; None where none does."""
        i = at
        if self.tokens[i].text == "(":
            i = self.tokens[i].partner
        elif self.tokens[i].kind not in ("word", "number") or self.tokens[i].text in KEYWORDS:
            return None
        while i is not None and i + 1 < len(self.tokens):
            token = self.tokens[i + 1]
            if token.text in ("(", "[") or token.is_angle and token.text == "<":
                i = token.partner
            elif token.text in (".", "->", "::") and self.tokens[i + 2].kind == "word":
                i += 2
            else:
                break
        return i

    def statement_start(self, at):
        """Whether a statement may begin at this token, which is inside a function."""
        before = self.tokens[at - 1]
        if before.text in ("{", "}", ";", "else"):
            return True
        if before.text != ")" or before.partner is None or not before.partner:
            return False
        head = self.tokens[before.partner - 1]
        return head.text in ("if", "for", "while") or (
            head.text == "constexpr" and self.tokens[before.partner - 2].text == "if"
        )

    def text_of(self, first, last):
        return self.text[self.tokens[first].start : self.tokens[last].end]
