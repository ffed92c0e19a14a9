"""Public: indicators worked out from published figures, the matrix of them, and how good the figures are."""
