"""What the rooms of the theorems share: the kinds of evidence as types, random laws, the search engine, enclosing helpers."""
