"""Stand-ins for modules: plotting and notebook libraries, in which everything does nothing, and what is not there.

A module of this course computes; what it draws never matters to a score. A real matplotlib wants a folder to
write its cache to, IPython and the widgets want a kernel, and a worker has neither.

People import more than they use. A module that is not there costs what uses it, not all functions of the file: while
the file is imported, what is done with it does nothing.

Loaded by :mod:`autograder.worker` on its own, without the rest of the package.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

NAMES = frozenset({"matplotlib", "mpl_toolkits", "pylab", "seaborn", "plotly", "IPython", "ipywidgets"})


class Inert:
    """Takes any attribute, call, index, arithmetic or ``with``; gives another of its kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Inert()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # As a decorator it leaves the function or class as it is.
        alone = len(args) == 1 and not kwargs
        return args[0] if alone and isinstance(args[0], (types.FunctionType, type)) else Inert()

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (Inert,)

    def __getitem__(self, key: Any) -> Any:
        return Inert()

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        # `fig, ax = plt.subplots()` and the like take two; a loop over axes runs twice.
        return iter((Inert(), Inert()))

    def __len__(self) -> int:
        return 2

    def __contains__(self, item: Any) -> bool:
        return False

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Any:
        return Inert()

    def __exit__(self, *error: Any) -> None:
        return None

    def _same(self, *others: Any) -> Any:
        return Inert()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = _same


DEBUGGERS = ("pdb", "ipdb", "pudb")


def add_builtins() -> None:
    """What a notebook's kernel adds to Python's own names, and debuggers that do not stop: nobody is there to type."""
    vars(builtins).update(display=Inert(), get_ipython=Inert())
    sys.breakpointhook = lambda *args, **kwargs: None
    for name in DEBUGGERS:
        sys.modules.pop(name, None)  # found by the finder below from now on


class _Module(types.ModuleType):
    """A module in which every name stands for something that its finder makes."""

    def __init__(self, name: str, make: Callable[[str], Any]) -> None:
        super().__init__(name)
        self.__dict__["_make"] = make

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return "0"
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._make(self.__name__)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules that stand for others."""

    origin: str
    make: Callable[[str], Any]  # from a module's name: what every name in it stands for

    def stands_for(self, fullname: str) -> bool:
        """Whether it has this module."""
        raise NotImplementedError

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if self.stands_for(fullname):
            return importlib.machinery.ModuleSpec(fullname, self, origin=self.origin, is_package=True)
        return None

    def create_module(self, spec: Any) -> Any:
        return _Module(spec.name, self.make)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__all__"] = []  # `from pylab import *` brings nothing


class InertFinder(_Finder):
    """Finds every module of the libraries above."""

    origin, make = "<inert>", Inert

    def stands_for(self, fullname: str) -> bool:
        return fullname.partition(".")[0] in NAMES or fullname in (*DEBUGGERS, "tqdm.notebook")

    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        if module.__name__ == "tqdm.notebook":  # a bar of widgets is one of text here
            from tqdm import std

            module.__dict__.update(tqdm=std.tqdm, trange=std.trange, tqdm_notebook=std.tqdm, tnrange=std.trange)


class Reading:
    """Whether a student's file is being imported: what is not there then does nothing, and later it refuses."""

    now = True
    decorated: ClassVar[dict[str, list[str]]] = {}  # module -> functions and classes that a decorator of it left as is


def _refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Whatever somebody does with what is not there."""
    module = object.__getattribute__(self, "_module")
    head = module.partition(".")[0]
    raise ModuleNotFoundError(BarredFinder.words.get(head, f"No module named {module!r}"), name=module)


def _unless_reading(answer: Callable[[str], Any]) -> Callable[..., Any]:
    """A method that refuses, but for the time when a file is imported: a line beside the functions costs nothing."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return answer(object.__getattribute__(self, "_module")) if Reading.now else _refuse(self)

    return method


class Absent:
    """What a module that is not there would have held: can be named, in an annotation say, but not used in a function.

    While a file is imported a decorator of it leaves the function as it is, a class may build on it (and then cannot be
    instantiated), and every other use gives something absent again.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Absent(self._module)

    def __getitem__(self, key: Any) -> Any:
        return Absent(self._module)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not Reading.now:
            _refuse(self)
        if len(args) == 1 and isinstance(args[0], (types.FunctionType, type)):
            Reading.decorated.setdefault(self._module, []).append(args[0].__name__)
            return args[0]
        return Absent(self._module)

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        def refuse(*args: Any, **kwargs: Any) -> Any:
            _refuse(self)

        begun = classmethod(lambda cls, **kwargs: None)  # `class Cell(eqx.Module, strict=True)`
        return (type("Absent", (), {"__new__": refuse, "__init_subclass__": begun}),)

    def __instancecheck__(self, instance: Any) -> bool:
        return False  # there can be none

    def __subclasscheck__(self, subclass: Any) -> bool:
        return False

    def __or__(self, other: Any) -> Any:
        return Absent(self._module)  # of an annotation

    __ror__ = __or__
    __exit__ = _unless_reading(lambda module: None)
    __iter__ = _unless_reading(lambda module: iter((Absent(module), Absent(module))))
    __len__ = _unless_reading(lambda module: 2)
    __bool__ = __contains__ = __lt__ = __le__ = __gt__ = __ge__ = _unless_reading(lambda module: False)
    __enter__ = __setitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _unless_reading(
        lambda m: Absent(m)
    )
    __truediv__ = __rtruediv__ = __neg__ = __matmul__ = __rmatmul__ = __pow__ = __rpow__ = _unless_reading(
        lambda m: Absent(m)
    )
    __array__ = __float__ = __int__ = __index__ = _refuse


class AbsentFinder(_Finder):
    """Finds modules that nobody else finds, once their import has failed where nothing caught it."""

    origin, make = "<absent>", Absent

    def __init__(self) -> None:
        self.names: list[str] = []

    def stands_for(self, fullname: str) -> bool:
        return any(fullname == name or fullname.startswith(f"{name}.") for name in self.names)


class BarredFinder(importlib.abc.MetaPathFinder):
    """Keeps libraries out that a unit is not about: for a student's file they are absent, and say why.

    It stands before all finders that would find them. A guarded import is told that it failed.
    """

    #: Libraries that differentiate by themselves: barred where they are installed and where they are not.
    DIFFERENTIATE: ClassVar[frozenset[str]] = frozenset(
        {"torch", "functorch", "torchvision", "tensorflow", "keras", "jax", "jaxlib", "flax", "autograd", "theano"}
        | {"aesara", "pytensor", "mxnet", "paddle", "tinygrad", "mindspore", "casadi", "sympy"}
    )
    #: Module -> what is said to whoever uses it.
    words: ClassVar[dict[str, str]] = {}

    def __init__(self, imports: Sequence[str], absent: AbsentFinder) -> None:
        """
        Args:
            imports: names of the libraries that may be imported.
            absent: finds modules whose import has failed.
        """
        self.imports = tuple(imports)
        self.absent = absent

    @classmethod
    def bars(cls, name: str, imports: Sequence[str]) -> bool:
        """Whether a module is a library that is known or installed, and not among those that may be imported."""
        head = name.partition(".")[0]
        if not imports or head in imports:
            return False
        if head in cls.DIFFERENTIATE:
            return True
        spec = importlib.machinery.PathFinder.find_spec(head)
        places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec else []
        return any(f"{kind}-packages" in place for kind in ("site", "dist") for place in places)  # not Python's own

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        head = fullname.partition(".")[0]
        if head in self.imports or head in sys.stdlib_module_names or head == "coursekit":
            return None
        if self.absent.stands_for(fullname):
            return self.absent.find_spec(fullname)
        if self.bars(head, self.imports):
            *others, last = self.imports
            there = f"{', '.join(others)} and {last}" if others else last
            self.words[head] = f"{head} cannot be used in this unit: there are {there}, and Python's own modules"
            raise ModuleNotFoundError(self.words[head], name=head)
        return None
