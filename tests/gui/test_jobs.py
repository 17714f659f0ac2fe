"""Background work: lanes, collapsing, cancelling, errors."""

import sys
import threading
import time

import pytest

from zevatron.core.errors import CancelledError, InputError
from zevatron.gui.background.jobs import CANCELLED, DONE, FAILED, MOST_LEFT, REPORT_INTERVAL, JobProgress, Jobs, Report


@pytest.fixture
def jobs(qtbot):
    made = Jobs()
    yield made
    made.close()


@pytest.fixture
def gate():
    """Work that waits at the gate reports until it is opened."""
    opened = threading.Event()

    def work(progress):
        while not opened.wait(0.005):
            progress.report("waiting", 1, 10)
        return "through"

    work.open = opened.set
    yield work
    opened.set()


def test_result_arrives_in_the_thread_of_the_window(jobs, qtbot):
    threads = []
    job = jobs.submit("sum", lambda progress: (threads.append(threading.current_thread()), 3)[1],
                      on_done=lambda result: threads.append((threading.current_thread(), result)))
    qtbot.waitUntil(lambda: job.is_over)
    assert job.state == DONE and jobs.active == []
    assert threads[0] is not threading.main_thread()
    assert threads[1] == (threading.main_thread(), 3)


def test_newest_of_many_requests_is_the_only_answer(jobs, qtbot, gate):
    results = []
    jobs.submit("first", gate, on_done=results.append)
    for n in range(20):
        jobs.submit("sky", lambda progress, n=n: n, key="sky", on_done=results.append)
    gate.open()
    qtbot.waitUntil(lambda: not jobs.active)
    assert results == ["through", 19]


def test_late_result_of_a_replaced_request_is_dropped(jobs, qtbot):
    release, results = threading.Event(), []
    old = jobs.submit("old", lambda progress: release.wait(5) and "old", key="sky", on_done=results.append)
    qtbot.waitUntil(lambda: old.state == "running")
    jobs.submit("new", lambda progress: "new", key="sky", on_done=results.append)
    release.set()
    qtbot.waitUntil(lambda: not jobs.active)
    assert results == ["new"] and old.state == CANCELLED


def test_running_job_may_finish_where_pictures_follow_the_hand(jobs, qtbot):
    release, results = threading.Event(), []
    old = jobs.submit("old", lambda progress: release.wait(5) and "old", key="sky", finish=True, on_done=results.append)
    qtbot.waitUntil(lambda: old.state == "running")
    for n in range(5):
        jobs.submit("new", lambda progress, n=n: n, key="sky", finish=True, on_done=results.append)
    release.set()
    qtbot.waitUntil(lambda: not jobs.active)
    assert results == ["old", 4]


def test_lanes_do_not_wait_for_each_other(jobs, qtbot, gate):
    slow = jobs.submit("slow", gate, lane="limit")
    fast = jobs.submit("fast", lambda progress: 1, lane="sky")
    qtbot.waitUntil(lambda: fast.state == DONE)
    assert not slow.is_over


def test_cancel_is_acknowledged_at_once_and_ends_the_work(jobs, qtbot, gate):
    results = []
    job = jobs.submit("slow", gate, on_done=results.append)
    qtbot.waitUntil(lambda: job.state == "running")
    started = time.perf_counter()
    jobs.cancel(job)
    assert time.perf_counter() - started < 0.1
    assert job.state == CANCELLED and jobs.active == []
    after = jobs.submit("next", lambda progress: "next", on_done=results.append)
    qtbot.waitUntil(lambda: after.is_over, timeout=1000)
    assert results == ["next"]


def test_queued_job_that_is_cancelled_never_runs(jobs, qtbot, gate):
    ran = []
    first = jobs.submit("first", gate)
    second = jobs.submit("second", lambda progress: ran.append(1))
    jobs.cancel(second)
    gate.open()
    qtbot.waitUntil(lambda: first.is_over)
    third = jobs.submit("third", lambda progress: None)
    qtbot.waitUntil(lambda: third.is_over)
    assert ran == []


def test_a_lane_goes_on_without_cancelled_work_that_asks_nobody(jobs, qtbot):
    """A library that is being loaded cannot be stopped: what waits behind it is done by another thread, what it brings is dropped."""
    release, results = threading.Event(), []
    deaf = jobs.submit("deaf", lambda progress: release.wait(20) and "late", on_done=results.append)
    behind = [jobs.submit("behind", lambda progress, n=n: (time.sleep(0.01), n)[1], on_done=results.append) for n in range(3)]
    qtbot.waitUntil(lambda: deaf.state == "running")
    began = time.monotonic()
    jobs.cancel(deaf)
    qtbot.waitUntil(lambda: all(job.state == DONE for job in behind), timeout=5000)
    assert time.monotonic() - began < 1 and results == [0, 1, 2]
    release.set()
    jobs.close()
    assert jobs.wait(3) and results == [0, 1, 2]


def test_so_many_threads_of_cancelled_work_are_left_and_no_more(jobs, qtbot):
    release = threading.Event()
    before = threading.active_count()
    for _ in range(MOST_LEFT + 2):
        job = jobs.submit("deaf", lambda progress: release.wait(20))
        qtbot.waitUntil(lambda job=job: job.state == "running" or len(jobs._left) == MOST_LEFT, timeout=5000)
        jobs.cancel(job)
    qtbot.wait(1000)
    assert len(jobs._left) == MOST_LEFT and threading.active_count() <= before + MOST_LEFT + 1
    last = jobs.submit("last", lambda progress: "last")
    release.set()
    qtbot.waitUntil(lambda: last.state == DONE, timeout=5000)


def test_fault_of_a_job_is_told_and_the_lane_lives_on(jobs, qtbot):
    def fails(progress):
        raise InputError("no such file")

    with qtbot.waitSignal(jobs.failed) as told:
        job = jobs.submit("bad", fails)
    assert job.state == FAILED and str(told.args[1]) == "no such file"
    good = jobs.submit("good", lambda progress: 1)
    qtbot.waitUntil(lambda: good.state == DONE)


@pytest.mark.parametrize("fault", [SystemExit(2), MemoryError("out of memory"), KeyboardInterrupt("as a library sees it")])
def test_no_fault_ends_a_lane(jobs, qtbot, fault):
    def fails(progress):
        raise fault

    faults = []
    jobs.submit("bad", fails, on_failed=faults.append)
    good = jobs.submit("good", lambda progress: 1)
    qtbot.waitUntil(lambda: good.state == DONE)
    assert faults == [fault]


def test_job_that_another_cancellation_ends_does_not_stay_listed(jobs, qtbot):
    faults = []

    def ends(progress):
        raise CancelledError("the work of another was stopped")

    job = jobs.submit("waits for another", ends, on_failed=faults.append)
    qtbot.waitUntil(lambda: job.is_over)
    assert job.state == FAILED and isinstance(faults[0], CancelledError) and not jobs.active


def test_fault_goes_to_whoever_asked_for_it(jobs, qtbot):
    faults = []
    job = jobs.submit("bad", lambda progress: 1 / 0, on_failed=faults.append)
    qtbot.waitUntil(lambda: job.is_over)
    assert isinstance(faults[0], ZeroDivisionError)


def test_reports_are_throttled_but_the_last_one_comes(qtbot):
    reports = []
    progress = JobProgress(reports.append)
    started = time.monotonic()
    for step in range(20_000):
        progress.report("stage", step + 1, 20_000)
    passed = time.monotonic() - started
    assert len(reports) <= 2 + passed / REPORT_INTERVAL
    assert reports[-1].fraction == 1.0


def test_progress_reaches_the_window(jobs, qtbot, gate):
    seen = []
    jobs.progressed.connect(lambda job: seen.append(job.report))
    job = jobs.submit("slow", gate)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0].fraction == pytest.approx(0.1) and job.seconds_left > 0
    gate.open()


def test_report_without_total_has_no_fraction():
    assert Report("loading").fraction is None


def test_threads_that_compute_in_python_give_way_to_the_window(qtbot):
    """They hold Python's lock for a millisecond when it is wanted, not for five."""
    sys.setswitchinterval(0.005)
    made = Jobs()
    made.close()
    assert sys.getswitchinterval() <= 0.001 + 1e-9


def test_closing_ends_the_threads(qtbot, gate):
    jobs = Jobs()
    jobs.submit("slow", gate, lane="a")
    jobs.submit("fast", lambda progress: 1, lane="b")
    jobs.close()
    assert jobs.submit("late", lambda progress: 1).state == CANCELLED
    assert jobs.wait(3)


def test_cancelled_work_that_goes_on_is_counted_until_it_ends(jobs, qtbot):
    release = threading.Event()
    deaf = jobs.submit("deaf", lambda progress: release.wait(20))
    qtbot.waitUntil(lambda: deaf.state == "running")
    jobs.cancel(deaf)
    qtbot.waitUntil(lambda: jobs.n_left == 1, timeout=5000)
    release.set()
    qtbot.waitUntil(lambda: jobs.n_left == 0, timeout=5000)
