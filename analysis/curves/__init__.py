"""One learning curve: checked, fitted, forecast, and tested on its own past."""
