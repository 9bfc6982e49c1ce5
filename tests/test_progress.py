"""What is told of long work: bars for who watches, lines for a log."""

import pytest

from palate.progress import bars, lines


@pytest.fixture
def log():
    """Lines written at moments of our choosing: `at(seconds, what, done, of)`."""
    written, now = [], [0.0]
    report = lines(written.append, clock=lambda: now[0])

    def at(seconds, *told):
        now[0] = seconds
        report(*told)
        return written

    return at


def test_a_line_is_written_every_half_minute_with_what_is_left(log):
    for second in range(0, 90):
        written = log(second, "training", second, 300)
    assert written == ["training 30/300, 0:00:30, 0:04:30 left", "training 60/300, 0:01:00, 0:04:00 left"]


def test_the_end_is_told_once_however_soon_it_comes(log):
    log(0, "reading", 0, 2)
    log(1, "reading", 2, 2)
    assert log(2, "reading", 2, 2) == ["reading 2/2, 0:00:01"]


def test_what_has_no_known_end_says_how_far_it_is(log):
    log(0, "looking", 1, None)
    assert log(40, "looking", 7, None) == ["looking 7, 0:00:40"]


def test_each_thing_has_its_own_time_and_may_come_again(log):
    log(0, "training", 1, 9)
    log(31, "training", 2, 9)
    log(40, "validating", 1, 2)
    log(50, "validating", 2, 2)
    log(90, "validating", 1, 2)
    written = log(100, "validating", 2, 2)
    assert [line.partition(" left")[0] for line in written] == [
        "training 2/9, 0:00:31, 0:01:48",
        "validating 2/2, 0:00:10",
        "validating 2/2, 0:00:10",
    ]


def test_a_file_gets_lines_and_no_bars(capsys):
    with bars() as report:
        report("[reading] films", 3, 3)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "[reading] films 3/3, 0:00:00\n")
