"""The table of a benchmark: figures, each beside its yardstick."""


class Table:
    """Rows of figure, yardstick and what they come to, printed as they are found."""

    def __init__(self):
        self.rows = []
        print(f"{'measure':58} {'figure':>14} {'yardstick':>14} {'ratio':>7}  to reach")

    def add(self, measure, figure, yardstick, unit, to_reach, *, yardstick_is=""):
        """A figure and its yardstick, both in this unit; `to_reach` is told in words."""
        ratio = figure / yardstick if yardstick else float("nan")
        name = f"{measure} ({yardstick_is})" if yardstick_is else measure
        cells = f"{figure:>10.4g} {unit:3} {yardstick:>10.4g} {unit:3} {ratio:>7.3g}"
        print(f"{name[:58]:58} {cells}  {to_reach}", flush=True)
        self.rows.append(
            {
                "measure": name,
                "figure": figure,
                "yardstick": yardstick,
                "unit": unit,
                "ratio": ratio,
                "to_reach": to_reach,
            }
        )
