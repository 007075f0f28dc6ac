package io.fairlead.insight.pattern;

/** Lines of a service. */
final class ServiceLines {
  /** Since when there have been any. */
  final long known;

  /** Since when this process counts. */
  final long counted;

  final TenSeconds counts = new TenSeconds();

  ServiceLines(long known, long counted) {
    this.known = known;
    this.counted = counted;
  }
}
