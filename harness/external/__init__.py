"""Another agency's tests (003:55 外部電話禮貌測試): blank sheets out, filled ones in, a series by itself."""
