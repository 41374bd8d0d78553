from scipy.stats import loguniform
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

x, y = load_breast_cancer(return_X_y=True)
pool, val, test = slice(0, 369), slice(369, 469), slice(469, 569)


def fit(indices, hyperparameters, seed):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=hyperparameters["C"]))
    model.fit(x[pool][indices], y[pool][indices])
    scores = {"model": model}
    for name, part in {"val": val, "test": test}.items():
        scores[f"{name}_loss"] = log_loss(y[part], model.predict_proba(x[part]))
        scores[f"{name}_accuracy"] = model.score(x[part], y[part])
    return scores


fit.examples = y[pool]  # or how many there are
fit.space = {"C": (1.0, loguniform(1e-3, 1e3))}  # default, range
