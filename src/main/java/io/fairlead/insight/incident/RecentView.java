package io.fairlead.insight.incident;

/** A copy of the last requests: nobody writes it any more. */
public final class RecentView {
  static final RecentView NONE =
      new RecentView(new RecentRequests(0, 1), new String[Dimension.ALL.length][0], new int[0]);

  final RecentRequests rows;
  final String[][] texts;
  final int[] limits;

  private RecentView(RecentRequests rows, String[][] texts, int[] limits) {
    this.rows = rows;
    this.texts = texts;
    this.limits = limits;
  }

  static RecentView of(RecentRequests copy, Dictionary[] dictionaries, RouteTimes times) {
    String[][] texts = new String[dictionaries.length][];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = new String[Dimension.ALL[i].places];
      for (int number = 0; number < texts[i].length; number++) {
        texts[i][number] = dictionaries[i].text(number);
      }
    }
    int[] limits = new int[Dimension.ROUTE.places];
    for (int route = 0; route < limits.length; route++) {
      limits[route] = times.limit(route);
    }
    return new RecentView(copy, texts, limits);
  }

  /** When the oldest request ended that is there; {@link Long#MAX_VALUE}: there is none. */
  public long since() {
    return rows.written == 0
        ? Long.MAX_VALUE
        : rows.epoch + rows.millis[RecentRequests.at(rows.first())];
  }
}
