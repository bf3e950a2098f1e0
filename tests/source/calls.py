"""The functions of the source side, called with the fields of their options as keywords: short in tables of tests."""

from dataclasses import fields

from mne_hnn import source


def _gathered(options, name, kind):
    """Return options with the fields of a value put into that value, where any is given."""
    names = {field.name for field in fields(kind)}
    own = {key: value for key, value in options.items() if key in names}
    rest = {key: value for key, value in options.items() if key not in names}
    return {**rest, name: kind(**own)} if own else rest


def load_response(data, **options):
    return source.load_response(data, **_gathered(options, "epochs", source.EpochOptions))


def estimate_target(evoked, inverse, label, **options):
    return source.estimate_target(evoked, inverse, label, **_gathered(options, "course", source.CourseOptions))


def forward_solution(info, **options):
    return source.forward_solution(info, **_gathered(options, "options", source.ForwardOptions))
