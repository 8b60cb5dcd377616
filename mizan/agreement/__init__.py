"""Whether everything that is written for a stack says the same: nodes, autoscaler, queues, operator, prices, quotas.

All of it is made from one Plan. Here it is read back from what was written and compared: document against document, and
with the plan what only one document says. What is missing, or planned by nobody, disagrees as well.
"""

from mizan.agreement.documents import Documents, documents_of
from mizan.agreement.model import Comparison, Fact, Report, Statement
from mizan.agreement.report import report_of

__all__ = ["Comparison", "Documents", "Fact", "Report", "Statement", "documents_of", "report_of"]
