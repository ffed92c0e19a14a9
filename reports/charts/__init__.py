"""Public: the kinds of chart and how they are drawn."""
