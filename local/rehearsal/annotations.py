"""What the generated classes of an SDK say in their annotations: the properties of one class or function."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
# Wrappers that say nothing about the value on the wire.
_TRANSPARENT = frozenset({"Input", "Output", "Optional"})
_OPTIONALS_OF_AN_OPTION = 2
# Modules of the class's own folder.
_SIBLINGS = frozenset({"outputs", "_inputs", "_enums"})


@dataclass(frozen=True, kw_only=True)
class Type:
    """A property's type.

    Attributes:
        form: string, integer, number, boolean, any, list, map, object or either.
        item: of a list or a map, what it holds.
        name: of an object, its class and the folder it stands in: `container:NodePoolNodeConfigArgs`.
        either: of a union, its members.
    """

    form: str
    item: "Type | None" = None
    name: str = ""
    either: tuple["Type", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property, by its name on the wire.

    Attributes:
        name: in camel case, but for what a cloud itself spells otherwise.
        type: what it holds.
        is_required: an input that must be given, or an output that is always there.
    """

    name: str
    type: Type
    is_required: bool


Properties = Mapping[str, Property]


def arguments(node: ast.stmt, folder: str) -> Properties:
    """Return the inputs of an `Args` class: types and defaults from `__init__`, names on the wire from its getters."""
    functions = _functions(node)
    names = {item.name: name for item, name in _named(functions)}
    init = next(item for item in functions if item.name == "__init__")
    return {
        names[argument.arg]: Property(
            name=names[argument.arg], type=_type(argument.annotation, folder), is_required=default is None
        )
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
    }


def getters(node: ast.stmt, folder: str) -> Properties:
    """Return the outputs of a resource or result class; one that may be None is not always there."""
    return {
        name: Property(name=name, type=_type(item.returns, folder), is_required=not _optionals(item.returns))
        for item, name in _named(_functions(node))
    }


def parameters(node: ast.stmt, twin: ast.stmt, folder: str) -> Properties:
    """Return the arguments of a function, by the names under which it sends them.

    Args:
        node: the function `get_zones`. Any of its arguments may be left out in Python.
        twin: its `get_zones_output`, where `Optional[Optional[X]]` may be left out and `Optional[X]` may not.
        folder: of both.
    """
    if not isinstance(node, ast.FunctionDef) or not isinstance(twin, ast.FunctionDef):
        return {}
    required = {item.arg for item in twin.args.args if _optionals(item.annotation) < _OPTIONALS_OF_AN_OPTION}
    sent = dict(_sent(node))
    return {
        sent[item.arg]: Property(
            name=sent[item.arg], type=_type(item.annotation, folder), is_required=item.arg in required
        )
        for item in node.args.args
        if item.arg in sent
    }


def _functions(node: ast.stmt) -> list[ast.FunctionDef]:
    return [item for item in node.body if isinstance(item, ast.FunctionDef)] if isinstance(node, ast.ClassDef) else []


def _sent(node: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield each `__args__['onTheWire'] = in_python` of a function, as (in_python, onTheWire)."""
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Name):
            target = item.targets[0]
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                yield item.value.id, str(target.slice.value)


def _named(functions: list[ast.FunctionDef]) -> Iterator[tuple[ast.FunctionDef, str]]:
    """Yield each `@pulumi.getter` with its name on the wire."""
    for item in functions:
        for decorator in item.decorator_list:
            if isinstance(decorator, ast.Attribute) and decorator.attr == "getter":
                yield item, item.name
            if isinstance(decorator, ast.Call) and _last(decorator.func) == "getter":
                yield item, str(ast.literal_eval(decorator.keywords[0].value))


def _last(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _optionals(node: ast.expr | None) -> int:
    """Return how often a type says that it may be None: `Output[Optional[...]]` once."""
    if not isinstance(node, ast.Subscript) or _last(node.value) not in _TRANSPARENT:
        return 0
    return (_last(node.value) == "Optional") + _optionals(node.slice)


def _type(node: ast.expr | None, folder: str) -> Type:
    if isinstance(node, ast.Subscript):
        return _generic(_last(node.value), node.slice, folder)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _class(node.value, folder)
    return Type(form=_SCALARS.get(_last(node), "any"))


def _generic(name: str, inner: ast.expr, folder: str) -> Type:
    if name in _TRANSPARENT:
        return _type(inner, folder)
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Sequence":
        return Type(form="list", item=_type(inner, folder))
    if name == "Mapping":
        return Type(form="map", item=_type(parts[1], folder))
    if name == "Union":
        # A class and its TypedDict are one and the same on the wire.
        members = tuple(dict.fromkeys(_type(part, folder) for part in parts if not _is_typed_dict(part)))
        return members[0] if len(members) == 1 else Type(form="either", either=members)
    return Type(form="any")


def _is_typed_dict(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and str(node.value).endswith("ArgsDict")


def _class(name: str, folder: str) -> Type:
    """Return the type of a class named in quotes: an object of this folder or another, or an enumeration of texts."""
    *prefix, short = name.split(".")
    if prefix and prefix[-1] not in _SIBLINGS:
        folder = prefix[-1].lstrip("_")
    is_object = short.endswith("Args") or "outputs" in prefix
    return Type(form="object", name=f"{folder}:{short}") if is_object else Type(form="string")
