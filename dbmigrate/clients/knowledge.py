"""knowledge.py: what a released FiftyOne knows of what databases hold.

  knowledge.py look                 run by the Python of one FiftyOne: prints its rows, sorted
  knowledge.py merge V=FILE...      run by any Python: makes knowledge.txt of what "look" printed
                                    under each version
  knowledge.py wheel FILE...        run by any Python: prints, for each wheel of a FiftyOne, its version
                                    and the databases that it says it takes, "-" where it says nothing

A row has four columns, with tabs between them: kind, name, key, detail. The package
documentation of dbmigrate/clients says what they mean. Importing FiftyOne connects to
a database: look uses the server of FIFTYONE_DATABASE_URI and a database of its own.
"""

import sys


def look():
    import os
    import inspect
    import importlib
    import pkgutil
    import warnings

    warnings.simplefilter("ignore")
    out, sys.stdout = sys.stdout, sys.stderr  # modules say things while they are imported
    database = "medialift-knowledge-%d" % os.getpid()
    os.environ["FIFTYONE_DATABASE_NAME"] = database

    import fiftyone
    import fiftyone.constants as foc
    import fiftyone.core.media as fomm
    import fiftyone.core.runs as foru
    import fiftyone.core.stages as fost
    import eta.core.utils as etau
    import mongoengine
    from mongoengine.base import BaseDocument, BaseField

    rows = set()

    def row(kind, name, key="", detail=""):
        rows.add((kind, name, key or "-", detail or "-"))

    def load(name):
        try:
            return importlib.import_module(name)
        except BaseException:  # a module may want what is not installed here
            return None

    modules = []
    for root in ("fiftyone.core", "fiftyone.utils", "fiftyone.operators", "fiftyone.factory", "fiftyone.brain", "fiftyone.server"):
        package = load(root)
        if package is None:
            continue
        modules.append(package)
        for info in pkgutil.walk_packages(package.__path__, root + ".", onerror=lambda name: None):
            if ".migrations" in info.name or "__main__" in info.name or info.name.startswith("fiftyone.server.main"):
                continue
            module = load(info.name)
            if module is not None:
                modules.append(module)

    def dotted(cls):
        return cls.__module__ + "." + cls.__name__

    found = {}
    aliases = {}
    for module in modules:
        for name, cls in list(vars(module).items()):
            if not inspect.isclass(cls) or not cls.__module__.startswith("fiftyone"):
                continue
            found[dotted(cls)] = cls
            aliases[module.__name__ + "." + name] = cls

    def base_of(name):
        return getattr(foru, name, None)

    configs = tuple(c for c in (base_of("BaseRunConfig"), base_of("RunConfig")) if c)
    runs = tuple(c for c in (base_of("BaseRun"), base_of("Run")) if c)
    results = tuple(c for c in (base_of("BaseRunResults"), base_of("RunResults")) if c)

    def kind_of(cls):
        if issubclass(cls, BaseField):
            return "field"
        if issubclass(cls, BaseDocument):
            return "class"
        if issubclass(cls, fost.ViewStage):
            return "stage"
        if issubclass(cls, configs):
            return "config"
        if issubclass(cls, runs):
            return "run"
        if issubclass(cls, results):
            return "results"
        return None

    # A schema, a stage or a run names a class by where it is looked up, so a class
    # that has moved since is known under both names where the old one still leads to it.
    for name, cls in aliases.items():
        kind = kind_of(cls)
        if kind and name != dotted(cls):
            row("alias", name, kind, dotted(cls))

    def shape(field):
        inner = getattr(field, "field", None)
        text = type(field).__name__
        if inner is not None and not isinstance(inner, str) and isinstance(inner, BaseField):
            return text + "(" + shape(inner) + ")"
        doc = getattr(field, "document_type_obj", None)
        if doc is not None:
            return text + "(" + (doc if isinstance(doc, str) else doc.__name__) + ")"
        return text

    def mode(cls):
        """What the loader does with a key that the class does not know."""
        if getattr(cls, "_dynamic", False):
            return "dynamic"
        try:
            cls._from_son({"medialift_unknown": 1})
        except mongoengine.errors.FieldDoesNotExist:
            return "strict"
        except Exception:  # something else is missing: the key was not what it stopped at
            return "strict" if (cls._meta or {}).get("strict", True) else "loose"
        return "loose"

    def arguments(cls):
        """The names that a class takes, and whether it takes any other."""
        names, rest = set(), True
        for c in cls.__mro__:
            if "__init__" not in vars(c):
                continue
            if not c.__module__.startswith("fiftyone"):
                break
            parameters = list(inspect.signature(c.__init__).parameters.values())[1:]
            names.update(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
            if not any(p.kind == p.VAR_KEYWORD for p in parameters):
                rest = False
                break
        return names, rest

    def swallows(cls):
        """Whether an argument that a class does not have is ignored when it is made."""
        required = {}
        for c in cls.__mro__:
            if "__init__" in vars(c) and c.__module__.startswith("fiftyone"):
                for p in list(inspect.signature(c.__init__).parameters.values())[1:]:
                    if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
                        required.setdefault(p.name, None)
        try:
            cls(medialift_unknown=1, **required)
            return True
        except (TypeError, AttributeError) as e:
            return "medialift_unknown" not in str(e) and arguments(cls)[1]
        except Exception:
            return arguments(cls)[1]

    for name, cls in found.items():
        kind = kind_of(cls)
        if kind == "class":
            row("class", name, getattr(cls, "_class_name", None) or cls.__name__, mode(cls))
            for key, field in getattr(cls, "_fields", {}).items():
                row("key", name, field.db_field or key, shape(field))
        elif kind == "field":
            row("field", name)
            for arg in arguments(cls)[0] if cls.__init__ is not object.__init__ else ():
                row("argument", name, arg)
        elif kind == "stage":
            row("stage", name)
            names, rest = arguments(cls)
            for arg in names:
                row("argument", name, arg)
            if rest and cls.__init__ is not object.__init__:
                row("argument", name, "*")
        elif kind == "config":
            try:
                text = cls.type.fget(cls.__new__(cls))
            except Exception:  # a base class, or a version without types
                text = ""
            row("config", name, "", text)
            names, _ = arguments(cls)
            for arg in names:
                row("argument", name, arg)
            if swallows(cls):
                row("argument", name, "*")
        elif kind in ("run", "results"):
            row(kind, name)

    for name, value in vars(fomm).items():
        if name.isupper() and isinstance(value, str):
            row("media", value)

    # How a run is read whose classes are missing.
    config_base = base_of("BaseRunConfig") or base_of("RunConfig")
    results_base = base_of("BaseRunResults") or base_of("RunResults")

    def trait(name, f):
        try:
            if f():
                row("trait", name)
        except Exception:
            pass

    import logging

    logging.disable(logging.CRITICAL)
    unknown = {"cls": "fiftyone.core.medialift.Unknown", "method": "unknown", "type": "evaluation"}
    trait("run-config-falls-back", lambda: config_base.from_dict(dict(unknown)) is not None)

    class Config(object):
        type = "evaluation"
        method = "unknown"

    def results_fall_back():
        d = {"cls": "fiftyone.core.medialift.Unknown"}
        try:
            count = len(inspect.signature(results_base.from_dict).parameters)
            return results_base.from_dict(*[d, None, Config(), "key"][:count]) is not None
        except Exception as e:  # what it stops at matters: the class, or what comes after
            return "medialift" not in str(e)

    trait("run-results-fall-back", results_fall_back)

    compatible = getattr(foc, "COMPATIBLE_VERSIONS", None)
    if compatible:
        row("databases", compatible)

    import fiftyone.core.odm as foo

    try:
        foo.get_db_conn().client.drop_database(database)
    except Exception:
        pass
    for r in sorted(rows):
        out.write("\t".join(r) + "\n")
    out.flush()
    os._exit(0)


def version_key(text):
    return tuple(int(part) for part in text.split("."))


def merge(args):
    looked, have = [], {}
    for arg in args:
        version, path = arg.split("=", 1)
        looked.append(version)
        with open(path) as f:
            for line in f:
                have.setdefault(tuple(line.rstrip("\n").split("\t")), set()).add(version)
    looked.sort(key=version_key)
    names = {r[1] for r in have if r[0] in ("class", "field", "stage", "config", "run", "results")}
    print("# Written by knowledge.py; tools/knowledge.sh makes it again.")
    print("looked\t" + " ".join(looked))
    out = []
    for r, versions in have.items():
        if r[0] == "alias" and r[1] not in names:
            continue
        spans, first = [], None
        for i, v in enumerate(looked):
            if v in versions and first is None:
                first = v
            if first is not None and (v not in versions):
                spans.append((first, looked[i - 1]))
                first = None
        if first is not None:
            spans.append((first, "-"))
        out.extend(r + span for span in spans)
    out.sort(key=lambda r: (r[:4], version_key(r[4])))
    for r in out:
        print("\t".join(r))


def wheel(paths):
    import os
    import re
    import zipfile

    for path in paths:
        with zipfile.ZipFile(path) as z:
            text = z.read("fiftyone/constants.py").decode()
        found = re.search(r'^COMPATIBLE_VERSIONS = "([^"]*)"', text, re.M)
        print("%s\t%s" % (os.path.basename(path).split("-")[1], found.group(1) if found else "-"))


if __name__ == "__main__":
    if sys.argv[1] == "look":
        look()
    elif sys.argv[1] == "merge":
        merge(sys.argv[2:])
    elif sys.argv[1] == "wheel":
        wheel(sys.argv[2:])
    else:
        sys.exit(__doc__)
