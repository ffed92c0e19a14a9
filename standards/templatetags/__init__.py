"""How periods, shares and quotations are written on pages."""
