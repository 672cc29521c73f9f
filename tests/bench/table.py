"""The table of a benchmark: figures, each beside its yardstick, and how costs grow."""

import math
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import pygal
from pygal.style import Style

LINES = ("#2563eb", "#c2410c", "#15803d", "#9333ea", "#be123c", "#0e7490", "#a16207", "#64748b")
STYLE = Style(  # read on white and on black
    background="transparent",
    plot_background="transparent",
    **dict.fromkeys(("foreground", "foreground_strong", "foreground_subtle"), "#808080"),
    **dict.fromkeys(("guide_stroke_color", "major_guide_stroke_color"), "#80808060"),
    font_family="sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    colors=LINES,
)


class Table:
    """Rows of figure, yardstick and what they come to, printed as they are found."""

    def __init__(self):
        self.rows = []
        self.growths = []
        print(f"{'measure':64} {'figure':>14} {'yardstick':>14} {'ratio':>7}  to reach")

    def add(self, measure, figure, yardstick, unit, to_reach, *, yardstick_is=""):
        """A figure and its yardstick, both in this unit; `to_reach` is told in words."""
        ratio = figure / yardstick if yardstick else None
        name = f"{measure} ({yardstick_is})" if yardstick_is else measure
        cells = f"{figure:>10.4g} {unit:3} {yardstick:>10.4g} {unit:3} {_ratio(ratio):>7}"
        print(f"{name[:64]:64} {cells}  {to_reach}", flush=True)
        self.rows.append(
            {
                "measure": measure,
                "figure": figure,
                "yardstick": yardstick,
                "yardstick_is": yardstick_is,
                "unit": unit,
                "ratio": ratio,
                "to_reach": to_reach,
            }
        )

    def add_growth(self, by, measure, sizes, values, unit, should_be):
        """What something costs at each size, in this unit: it should be `flat` or `linear`."""
        cells = " ".join(f"{value:>10.4g}" for value in values)
        print(f"{measure[:50]:50} {unit:8} {cells}  {should_be}", flush=True)
        growth = {"by": by, "measure": measure, "unit": unit, "should_be": should_be}
        self.growths.append(growth | {"sizes": sizes, "values": values})

    def as_markdown(self):
        """The rows, as README shows them."""
        head = "| What | Here | Yardstick | Ratio | To reach |\n|---|---|---|---|---|\n"
        return head + "".join(_markdown_row(row) for row in self.rows)

    def draw(self, folder: Path):
        """A drawing growth-….svg in the folder for each kind of growth."""
        for by in {growth["by"] for growth in self.growths}:
            of = [growth for growth in self.growths if growth["by"] == by]
            chart = pygal.Line(
                style=STYLE,
                js=(),
                height=520,
                legend_at_bottom=True,
                legend_at_bottom_columns=2,
                logarithmic=True,
                show_x_guides=True,
                truncate_legend=-1,
                x_title=by,
            )
            chart.x_labels = [f"{size:,}" for size in of[0]["sizes"]]
            chart.y_labels = _decades([value for growth in of for value in growth["values"]])
            for growth in of:
                name = f"{growth['measure']}, {growth['unit']} ({growth['should_be']})"
                chart.add(name, growth["values"])
            chart.render_to_file(str(folder / f"growth-{by}.svg"))


def _decades(values):
    """The powers of ten from below the least value to above the greatest."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [float(f"1e{power}") for power in range(first, last + 1)]


def _ratio(ratio):
    return "" if ratio is None else f"{ratio:.3g}"


def _markdown_row(row):
    unit = f" {row['unit']}" if row["unit"] else ""
    cells = [row["measure"], f"{row['figure']:,.4g}{unit}"]
    yardstick = f" ({row['yardstick_is']})" if row["yardstick_is"] else ""
    cells += [f"{row['yardstick']:,.4g}{unit}{yardstick}", _ratio(row["ratio"]), row["to_reach"]]
    return f"| {' | '.join(cells)} |\n"


def machine():
    """What the figures were measured on, and when, in words."""
    models = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores of {models[0] if models else platform.machine()}, "
        f"{memory:.0f} GB of memory, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%-d %B %Y}"
    )
