"""Grafana's dashboards as data: what each panel asks, and how it is shown.

``script/monitoring_files.py`` writes them to ``files/*.json``, which the role places.
"""
