"""Waits of the Compose target of about a tenth of the real ones, for tests of which the promise is another one."""

from dataclasses import replace

from autoscaler.adapters.compose.timing import ComposeTiming

# A probe costs CPU time, and so does a look at the list: these are not a tenth. Besides, an engine of version 20.10 may
# die of a probe that begins just when its container is removed.
QUICK = ComposeTiming(
    settle_seconds=1.0,
    leftover_seconds=0.3,
    cleanup_poll_seconds=0.05,
    ready_poll_seconds=0.1,
    proven_seconds=0.2,
    event_lag_seconds=0.1,
    probe_start_seconds=1.0,
    probe_rest_seconds=1.0,
    probe_only_seconds=1.0,
    drain_poll_seconds=0.1,
    take_back_retry_seconds=0.2,
    throttle_margin_seconds=0.05,
    stop_gap_seconds=0.25,
    before_removal_seconds=0.05,
)
# A replica that is about to exit must be seen to do so, on a busy machine, too.
WARY = replace(QUICK, proven_seconds=2.0)
# What Compose does at the same time takes as long as it takes.
BESIDE_COMPOSE = replace(QUICK, event_lag_seconds=1.0, before_removal_seconds=0.5)
# Traefik takes note of a change when it does.
BEHIND_TRAEFIK = replace(QUICK, throttle_margin_seconds=0.5, stop_gap_seconds=2.5)
