"""Runs the service until it is stopped."""

import signal

signal.sigwait({signal.SIGTERM, signal.SIGINT})
