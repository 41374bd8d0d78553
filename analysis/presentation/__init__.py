"""How conclusions are said and drawn: sentences, sections, charts, the report as one HTML file."""
