"""All tables: importing this module makes every noun known to SQLAlchemy, for migrations to compare."""

from importlib import import_module
from pkgutil import iter_modules

import storage

ALL = tuple(
    import_module(f"storage.{module.name}") for module in iter_modules(storage.__path__) if module.name != "tables"
)
