"""Price files of others into our layout: each format in its own module, told by its content."""

from mizan.prices.importers.formats import import_prices
from mizan.prices.importers.model import Format, Imported

__all__ = ["Format", "Imported", "import_prices"]
