"""No figure outlives its test, and none opens a window."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_all_figures():
    yield
    plt.close("all")
