"""Finds where a source can be mutated, and how."""
import dataclasses
import re

from tokens import ASSIGNMENTS, BINDING, KEYWORDS, Source, is_operand_end

# What each kind of mutant changes, in the order in which they are chosen in turn.
KINDS = {
    "bound": "< and <=, > and >= change places",
    "term": "a term or a factor is left out",
    "statement": "a call or an assignment is left out",
    "constant": "a number is one more (a fraction doubled), true is false",
    "condition": "a condition is negated",
    "arithmetic": "+ and -, * and / change places",
    "equality": "== and != change places",
    "minimum": "min and max change places",
    "logic": "&& and || change places",
    "assignment": "+= and -=, *= and /= change places",
    "sign": "a minus sign is left out",
}
BOUNDS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*"}
LOGIC = {"&&": "||", "||": "&&"}
EQUALITY = {"==": "!=", "!=": "=="}
COMPOUND = {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*="}
# Statements that say nothing about a result: they spare time or memory, or name what is found.
UNSEEN = re.compile(r"\b(reserve|shrink_to_fit|throw|static_assert|assert|format|constexpr|constinit)\b")


@dataclasses.dataclass(frozen=True)
class Place:
    """Characters [start, end) of a text become `MUTANT ? became : was`, put into `frame`."""

    kind: str
    start: int
    end: int
    was: str
    became: str
    frame: str = "({0} ? {1} : {2})"
    was_code: str = ""  # where it differs from `was`

    def mutated(self, switch):
        return one_line(self.frame.format(switch, self.became, self.was_code or f"({self.was})"))


def one_line(text):
    return re.sub(r"\s*\n\s*", " ", text)


def binary(source, at):
    token = source.tokens[at]
    binding = BINDING[token.text]
    first, last = source.left_of(at, binding), source.right_of(at, binding)
    if first >= at or last <= at:
        return
    left, right = source.text_of(first, at - 1), source.text_of(at + 1, last)
    span = (source.tokens[first].start, source.tokens[last].end, source.text_of(first, last))
    was = f"(({left}) {token.text} ({right}))"
    for kind, others in (("bound", BOUNDS), ("arithmetic", ARITHMETIC), ("equality", EQUALITY), ("logic", LOGIC)):
        if token.text in others:
            yield Place(kind, *span, f"(({left}) {others[token.text]} ({right}))", was_code=was)
    if token.text in ("+", "-", "*"):
        yield Place("term", *span, f"({left})", was_code=was)


def condition(source, at):
    """The condition of an if, or of `condition ? a : b`."""
    token = source.tokens[at]
    if token.text == "if" and source.tokens[at + 1].text == "(":
        first, last = at + 2, source.tokens[at + 1].partner - 1
    elif token.text == "?":
        first, last = source.left_of(at, 0), at - 1
    else:
        return
    inner = source.tokens[first : last + 1]
    if not inner or any(token.text in (";", "=") for token in inner):
        return
    was = source.text_of(first, last)
    yield Place(
        "condition",
        inner[0].start,
        inner[-1].end,
        was,
        f"!({was})",
        frame="({0} != static_cast<bool>({2}))",
    )


def constant(source, at):
    token = source.tokens[at]
    if source.tokens[at - 1].text == "case":
        return
    if token.text in ("true", "false"):
        became = "false" if token.text == "true" else "true"
    elif re.fullmatch(r"\d+", token.text):
        became = str(int(token.text) + 1)
    elif re.fullmatch(r"\d*\.\d+|\d+\.\d*|\d+e-?\d+", token.text):
        became = repr(2 * float(token.text)) if float(token.text) else "1.0"
    else:
        return
    yield Place("constant", token.start, token.end, token.text, became, was_code=token.text)


def minimum(source, at):
    token = source.tokens[at]
    if token.text not in ("min", "max") or source.tokens[at - 1].text != "::":
        return
    first, last = at - 1, source.primary_from(at)
    while first and source.tokens[first].text == "::" and source.tokens[first - 1].kind == "word":
        first -= 2
    first += 1
    if source.tokens[last].text != ")" or source.tokens[first].text != "std":
        return
    head, rest = source.text_of(first, at - 1), source.text[token.end : source.tokens[last].end]
    became = head + ("max" if token.text == "min" else "min") + rest
    yield Place("minimum", source.tokens[first].start, source.tokens[last].end, source.text_of(first, last), became)


def sign(source, at):
    token = source.tokens[at]
    if token.text != "-" or token.spaced or is_operand_end(source.tokens[at - 1]):
        return
    last = source.primary_from(at + 1)
    if last is not None:
        was = source.text_of(at, last)
        yield Place("sign", token.start, source.tokens[last].end, was, f"({source.text_of(at + 1, last)})")


def statement(source, at):
    token = source.tokens[at]
    if token.kind != "word" or token.text in KEYWORDS or not source.statement_start(at):
        return
    target = source.primary_from(at)
    end = next((i for i in range(at, len(source.tokens)) if source.tokens[i].text == ";"), None)
    if target is None or end is None or not is_expression(source, target, end):
        return
    was = source.text_of(at, end - 1)
    void = {"frame": "({0} ? {1} : {2})", "was_code": f"void({was})"}
    yield Place("statement", token.start, source.tokens[end - 1].end, was, "void()", **void)
    operator = source.tokens[target + 1]
    if operator.text in COMPOUND:
        became = f"{source.text_of(at, target)} {COMPOUND[operator.text]} {source.text_of(target + 2, end - 1)}"
        yield Place("assignment", token.start, source.tokens[end - 1].end, was, f"void({became})", **void)


def is_expression(source, target, end):
    """A call, or an assignment to the target; brackets are closed before the end."""
    if target + 1 == end:
        return source.tokens[target].text == ")"
    return source.tokens[target + 1].text in ASSIGNMENTS and all(
        token.partner is None or target < token.partner < end for token in source.tokens[target + 1 : end]
    )


def at_token(source, at):
    token = source.tokens[at]
    if token.spaced and token.text in BINDING and not token.is_angle and is_operand_end(source.tokens[at - 1]):
        yield from binary(source, at)
    for find in (condition, constant, minimum, sign, statement):
        yield from find(source, at)


def places(text):
    """All places of a text, in their order."""
    source = Source(text)
    found = []
    for at, token in enumerate(source.tokens):
        if token.is_code and not token.in_angles:
            found += at_token(source, at)
    return [place for place in found if not is_left_out(text, place)]


def is_left_out(text, place):
    """Whether a comment would be lost, or the statement says nothing about a result."""
    if "//" in place.was or "/*" in place.was:
        return True
    first = max(text.rfind(mark, 0, place.start) for mark in ";{}")
    seen = text[first + 1 : place.end if place.kind in ("statement", "assignment") else place.start]
    return bool(UNSEEN.search(seen)) or (place.kind in ("arithmetic", "term") and '"' in place.was)
