"""Trigger menus: language, checks, public file formats, evaluation."""

from __future__ import annotations

from trigger.menu.evaluator import Evaluator
from trigger.menu.load import load, loads, packaged
from trigger.menu.model import Input, Line, Menu
from trigger.menu.prescale import Prescale

__all__ = ["Evaluator", "Input", "Line", "Menu", "Prescale", "load", "loads", "packaged"]
