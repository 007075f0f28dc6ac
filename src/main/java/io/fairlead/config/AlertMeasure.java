package io.fairlead.config;

/** What a rule can look at. Each has one unit, in which its values are kept. */
public enum AlertMeasure {
  /** Requests and connections that ended. */
  REQUESTS(Unit.COUNT),
  /** Those that failed: a status of 5xx, or no answer. */
  ERRORS(Unit.COUNT),
  /** Errors among requests. */
  ERROR_SHARE(Unit.SHARE),
  /** Bytes in both directions. */
  BYTES(Unit.BYTES),
  /** The time that half of the requests do not exceed, in microseconds. */
  P50(Unit.MICROS),
  P90(Unit.MICROS),
  P99(Unit.MICROS),
  /** Nodes that get requests. */
  HEALTHY_NODES(Unit.COUNT),
  /** Those among all nodes. */
  HEALTHY_SHARE(Unit.SHARE),
  /** Whole days until a certificate expires. */
  CERTIFICATE_DAYS(Unit.COUNT),
  /** Records for which there was no room. */
  RECORDS_DROPPED(Unit.COUNT);

  /** Units of values. */
  public enum Unit {
    COUNT,
    SHARE,
    BYTES,
    MICROS
  }

  private final Unit unit;

  AlertMeasure(Unit unit) {
    this.unit = unit;
  }

  public Unit unit() {
    return unit;
  }

  /** As people say it. */
  public String words() {
    return switch (this) {
      case P50, P90, P99, REQUESTS, ERRORS, BYTES, HEALTHY_NODES, RECORDS_DROPPED ->
          Units.word(this).replace('-', ' ');
      case ERROR_SHARE -> "share of errors";
      case HEALTHY_SHARE -> "share of healthy nodes";
      case CERTIFICATE_DAYS -> "days until the certificate expires";
    };
  }

  /** What is said of few requests means little: a share of errors, a quantile. */
  public boolean needsTraffic() {
    return this == ERROR_SHARE || this == P50 || this == P90 || this == P99;
  }

  /** Looks at how things are now, whatever the span. */
  public boolean isOfNow() {
    return this == HEALTHY_NODES || this == HEALTHY_SHARE || this == CERTIFICATE_DAYS;
  }

  /** More of it within a longer span. */
  public boolean isSum() {
    return this == REQUESTS || this == ERRORS || this == BYTES || this == RECORDS_DROPPED;
  }
}
