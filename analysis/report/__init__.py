"""How conclusions are said and drawn: sentences in the reader's language, charts, pages."""
