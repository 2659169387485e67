"""The process engine: reads BPMN, refuses what it would not execute truly, runs the rest. Knows no web and no records."""
