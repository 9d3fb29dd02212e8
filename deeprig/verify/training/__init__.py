"""Run the training suite of ``host/`` inside environments on the host, and judge its answers."""
