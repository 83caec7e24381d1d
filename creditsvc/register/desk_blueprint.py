"""The one blueprint of the court's desk; its pages stand in ``desk*.py``, a file a task."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")
NUMBER = "<int(min=0,max=9223372036854775807):decision_id>"
