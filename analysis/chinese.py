"""Every English template of the project (see analysis/language.py) and how it is said in Chinese."""

CHINESE = {
    "cannot say": "无法判断",
    "fair": "中等",
    "good": "良好",
    "poor": "较差",
}
