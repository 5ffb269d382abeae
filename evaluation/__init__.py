"""How right it is: HOTA, IDF1, CLEAR and where the identity errors come from. Reads tracks; changes nothing."""
