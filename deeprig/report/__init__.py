"""Reports: one model, shown on a terminal, as JSON, JUnit XML and HTML, and stored per lab."""
