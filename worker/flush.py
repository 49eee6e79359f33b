"""Deliver the reports that a worker left behind, without being a worker."""

import logging
import random
import time

from .client import Client
from .outbox import Outbox
from .rules.backoff import delay
from .rules.delivery import Fate, failed, fate

log = logging.getLogger(__name__)

# How often one report is tried; somebody is waiting.
PATIENCE = 5


def flush(client: Client, outbox: Outbox) -> int:
    """Deliver everything, then sign off; return the exit code: 1 if the manager does not take the reports."""
    tries = failures = 0
    while client.credentials and (report := outbox.first()):
        tries += 1
        status = client.report(report.task, report.body)
        failures += failed(status, answering=False)
        if fate(status, failures=failures, about_status=report.about_status) is not Fate.AGAIN:
            log.info("report on task %s: HTTP %s", report.task, status)
            outbox.drop(report)
            tries = failures = 0
        elif tries == PATIENCE:
            log.error("the manager does not take the reports (%s); they are kept", status or "no answer")
            return 1
        else:
            time.sleep(delay(tries, random.random()))
    if client.credentials:
        client.sign_off()
    return 0
