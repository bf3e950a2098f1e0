"""What was worked out lately is kept within bounds."""

from mne_hnn._recent import Recent


def asked(recent, key, size, made):
    def make():
        made.append(key)
        return f"value of {key}"

    assert recent.get(key, make, lambda value: size) == f"value of {key}"


def test_made_once_and_the_longest_unused_goes_first():
    recent, made = Recent(100), []
    for key in ("a", "b", "a", "c", "a", "b", "c"):
        asked(recent, key, 40, made)
    assert made == ["a", "b", "c", "b", "c"]  # c drove b away, and b then c: a was asked for in between
    assert len(recent) == 2


def test_what_is_large_is_not_kept():
    recent, made = Recent(100), []
    for _ in range(2):
        asked(recent, "small", 10, made)
        asked(recent, "large", 51, made)
    assert made == ["small", "large", "large"]
    recent.clear()
    asked(recent, "small", 10, made)
    assert (made[-1], len(recent)) == ("small", 1)
