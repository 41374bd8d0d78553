"""What tells whether a study can be trusted: noise by source, search adequacy, forecasts made ahead."""
