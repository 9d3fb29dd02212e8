"""Simulated GPU machines: real systemd hosts of a lab that see cards which are not there."""
