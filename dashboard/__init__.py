"""The Flask and Plotly dashboard over the query API."""
