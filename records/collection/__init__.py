"""How records enter, change and leave: uploads, admission, entry, held and late rows."""
