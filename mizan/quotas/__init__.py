"""Cloud quotas: what a plan needs at its largest, against what is granted. Pure."""

from mizan.quotas.asking import command, page
from mizan.quotas.check import QuotaCheck, Status, compare
from mizan.quotas.granted import Granted, GrantedQuotas, QuotaFault
from mizan.quotas.hints import hints
from mizan.quotas.model import GLOBAL, Purchase, QuotaNeed, QuotaRow, Unit
from mizan.quotas.needs import needs
from mizan.quotas.reading import granted_of
from mizan.quotas.spelling import misspelt, strangers
from mizan.quotas.table import quota_rows, rows_for

__all__ = [
    "GLOBAL",
    "Granted",
    "GrantedQuotas",
    "Purchase",
    "QuotaCheck",
    "QuotaFault",
    "QuotaNeed",
    "QuotaRow",
    "Status",
    "Unit",
    "command",
    "compare",
    "granted_of",
    "hints",
    "misspelt",
    "needs",
    "page",
    "quota_rows",
    "rows_for",
    "strangers",
]
