"""The lanes of services: who is alone, and who may look after what is left over."""

from contextlib import ExitStack

from autoscaler.control.service_locks import ServiceLocks
from autoscaler.ports.fleet import ServiceRef

WEB = ServiceRef("web", "shop")


def test_a_look_while_an_operation_counts_and_starts_leaves_its_lane_alone() -> None:
    service_locks = ServiceLocks()
    with ExitStack() as look, ExitStack() as first:
        turn = first.enter_context(service_locks.entered(WEB)).turn
        with turn:
            assert look.enter_context(service_locks.between(WEB)) is None
        first.close()
        with service_locks.entered(WEB):
            look.close()
            with service_locks.entered(WEB) as service_lock:
                assert not service_lock.alone


def test_a_look_keeps_an_operation_from_counting_meanwhile() -> None:
    service_locks = ServiceLocks()
    with ExitStack() as stack, service_locks.between(WEB) as lock:
        operation = stack.enter_context(service_locks.entered(WEB))
        assert operation is lock
        assert not operation.turn.acquire(blocking=False)


def test_a_look_while_an_operation_waits_shows_whether_it_removes() -> None:
    service_locks = ServiceLocks()
    with service_locks.entered(WEB) as operation:
        operation.removes = True
        with service_locks.between(WEB) as lock:
            assert lock is not None
            assert lock.removes
    with service_locks.between(WEB) as lock:
        assert lock is not None
        assert not lock.removes
